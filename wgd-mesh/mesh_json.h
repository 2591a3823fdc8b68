/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value out of what a daemon prints as JSON (RFC 8259). */
#ifndef MESH_JSON_H
#define MESH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The string, or the whole number of up to 18 digits, at a path of names, which
 * ends with NULL.  False: there is none, or TEXT is no JSON up to there; ret is
 * untouched.  A string that does not fit is cut; what is not printable ASCII in
 * it becomes '?'.
 */
bool mesh_json_string(const char *text, const char *const *path, char *ret,
		      size_t size);
bool mesh_json_number(const char *text, const char *const *path, uint64_t *ret);

#endif
