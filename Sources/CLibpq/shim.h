#pragma once

// Only the declarations: CClientLibraries loads the library, and nothing links it, so pkg-config is not asked.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif
