#pragma once
#include <sqlite3.h>

// Swift cannot call variadic C functions. Sets one of the on/off settings of sqlite3_db_config and
// answers SQLITE_OK only if it then has the value asked for.
static inline int dbassist_sqlite3_db_config_flag(sqlite3 *handle, int setting, int on) {
    int now = -1;
    int status = sqlite3_db_config(handle, setting, on, &now);
    if (status != SQLITE_OK) return status;
    return now == on ? SQLITE_OK : SQLITE_MISUSE;
}
