#pragma once

// The client libraries are loaded when a database of theirs is first named, not when the process starts: libpq alone brings
// thirty other libraries, Kerberos and LDAP among them, which cost every start milliseconds and megabytes.
//
// Each returns NULL once the library is there, or else why it cannot be loaded; the first call decides. Until one has returned
// NULL, none of its library's functions may be called.

const char *_Nullable libpq_load(void);
const char *_Nullable libmariadb_load(void);
