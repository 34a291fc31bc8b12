// libmariadb, loaded at the first connection that needs it. A function the drivers come to use is added to the list.

#include "forward.h"

#include "../CMariaDB/shim.h"

#define FUNCTIONS(X) \
    X(my_bool, mariadb_connection, (MYSQL *mysql), (mysql)) \
    X(int, mariadb_field_attr, (MARIADB_CONST_STRING *attr, const MYSQL_FIELD *field, enum mariadb_field_attr_t type), \
        (attr, field, type)) \
    X(void, mysql_close, (MYSQL *sock), (sock)) \
    X(unsigned int, mysql_errno, (MYSQL *mysql), (mysql)) \
    X(const char *, mysql_error, (MYSQL *mysql), (mysql)) \
    X(MYSQL_FIELD *, mysql_fetch_fields, (MYSQL_RES *res), (res)) \
    X(MYSQL_ROW, mysql_fetch_row, (MYSQL_RES *result), (result)) \
    X(void, mysql_free_result, (MYSQL_RES *result), (result)) \
    X(const char *, mysql_get_client_info, (void), ()) \
    X(my_socket, mysql_get_socket, (MYSQL *mysql), (mysql)) \
    X(const char *, mysql_get_ssl_cipher, (MYSQL *mysql), (mysql)) \
    X(MYSQL *, mysql_init, (MYSQL *mysql), (mysql)) \
    X(unsigned int, mysql_num_fields, (MYSQL_RES *res), (res)) \
    X(int, mysql_options, (MYSQL *mysql, enum mysql_option option, const void *arg), (mysql, option, arg)) \
    X(int, mysql_options4, (MYSQL *mysql, enum mysql_option option, const void *arg1, const void *arg2), \
        (mysql, option, arg1, arg2)) \
    X(MYSQL *, mysql_real_connect, (MYSQL *mysql, const char *host, const char *user, const char *passwd, \
        const char *db, unsigned int port, const char *unix_socket, unsigned long clientflag), \
        (mysql, host, user, passwd, db, port, unix_socket, clientflag)) \
    X(int, mysql_real_query, (MYSQL *mysql, const char *q, unsigned long length), (mysql, q, length)) \
    X(int, mysql_reset_connection, (MYSQL *mysql), (mysql)) \
    X(int, mysql_server_init, (int argc, char **argv, char **groups), (argc, argv, groups)) \
    X(const char *, mysql_sqlstate, (MYSQL *mysql), (mysql)) \
    X(unsigned long long, mysql_stmt_affected_rows, (MYSQL_STMT *stmt), (stmt)) \
    X(my_bool, mysql_stmt_bind_param, (MYSQL_STMT *stmt, MYSQL_BIND *bnd), (stmt, bnd)) \
    X(my_bool, mysql_stmt_close, (MYSQL_STMT *stmt), (stmt)) \
    X(unsigned int, mysql_stmt_errno, (MYSQL_STMT *stmt), (stmt)) \
    X(const char *, mysql_stmt_error, (MYSQL_STMT *stmt), (stmt)) \
    X(int, mysql_stmt_execute, (MYSQL_STMT *stmt), (stmt)) \
    X(int, mysql_stmt_fetch, (MYSQL_STMT *stmt), (stmt)) \
    X(unsigned int, mysql_stmt_field_count, (MYSQL_STMT *stmt), (stmt)) \
    X(MYSQL_STMT *, mysql_stmt_init, (MYSQL *mysql), (mysql)) \
    X(unsigned long, mysql_stmt_param_count, (MYSQL_STMT *stmt), (stmt)) \
    X(int, mysql_stmt_prepare, (MYSQL_STMT *stmt, const char *query, unsigned long length), (stmt, query, length)) \
    X(MYSQL_RES *, mysql_stmt_result_metadata, (MYSQL_STMT *stmt), (stmt)) \
    X(const char *, mysql_stmt_sqlstate, (MYSQL_STMT *stmt), (stmt)) \
    X(MYSQL_RES *, mysql_store_result, (MYSQL *mysql), (mysql)) \
    X(unsigned long, mysql_thread_id, (MYSQL *mysql), (mysql)) \
    X(unsigned int, mysql_warning_count, (MYSQL *mysql), (mysql))

FORWARD(libmariadb, "libmariadb.so.3")
