#pragma once

// Only the declarations: CClientLibraries loads the library, and nothing links it, so pkg-config is not asked.
#if __has_include(<mariadb/mysql.h>)
#include <mariadb/mysql.h>
#else
#include <mysql/mysql.h>
#endif
