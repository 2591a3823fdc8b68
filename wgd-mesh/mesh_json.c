/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk: of each object the member that is wanted is entered, and all others
 * are skipped.  Nothing is built, so nothing is to be freed; what is behind the
 * value is not looked at.  Of two members of one name the first counts.
 *
 * The text comes from the daemon of this machine.  The walk ends at its final
 * 0, and does not go deeper than DEPTH.
 */
#include "wgd-mesh/mesh_json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 16

static const char *blank(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Behind a string that begins here; NULL: it is none, or has no end. */
static const char *string_end(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (!*p)
			return NULL;
	}
	return p + 1;
}

static const char *skip(const char *p, unsigned depth);

/* Behind an array or an object; p is behind its first bracket. */
static const char *skip_all(const char *p, char end, unsigned depth)
{
	p = blank(p);
	if (*p == end)
		return p + 1;
	while (p && depth < DEPTH) {
		if (end == '}') {
			p = string_end(blank(p));
			p = p ? blank(p) : NULL;
			if (!p || *p++ != ':')
				return NULL;
		}
		p = skip(p, depth + 1);
		p = p ? blank(p) : NULL;
		if (!p || (*p != ',' && *p != end))
			return NULL;
		if (*p++ == end)
			return p;
	}
	return NULL;
}

/* Behind a value; NULL: there is none. */
static const char *skip(const char *p, unsigned depth)
{
	size_t n;

	p = blank(p);
	if (*p == '"')
		return string_end(p);
	if (*p == '{')
		return skip_all(p + 1, '}', depth);
	if (*p == '[')
		return skip_all(p + 1, ']', depth);
	n = strspn(p, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
	return n ? p + n : NULL;
}

static bool is_name(const char *p, const char *end, const char *name)
{
	return (size_t)(end - p) == strlen(name) + 2 &&
	       memcmp(p + 1, name, strlen(name)) == 0;
}

/* The value of a member of the object that begins here. */
static const char *member(const char *p, const char *name)
{
	const char *end;
	bool found;

	p = blank(p);
	if (*p++ != '{')
		return NULL;
	for (;; p++) {
		p = blank(p);
		end = string_end(p);
		if (!end)
			return NULL;
		found = is_name(p, end, name);
		p = blank(end);
		if (*p++ != ':')
			return NULL;
		if (found)
			return blank(p);
		p = skip(p, 0);
		p = p ? blank(p) : NULL;
		if (!p || *p != ',')
			return NULL;
	}
}

static const char *find(const char *p, const char *const *path)
{
	for (; p && *path; path++)
		p = member(p, *path);
	return p;
}

/* The character that an escape stands for; p is behind the backslash. */
static const char *unescape(const char *p, char *ret)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/?????";
	const char *at = strchr(from, *p);
	char hex[5] = "";
	char *end;
	long n;

	*ret = at && *p ? to[at - from] : '?';
	if (*p != 'u')
		return p + 1;
	strncpy(hex, p + 1, 4);
	n = strtol(hex, &end, 16);
	if (end != hex + 4)
		return p + 1;
	*ret = n < 128 && isprint((int)n) ? (char)n : '?';
	return p + 5;
}

bool mesh_json_string(const char *text, const char *const *path, char *ret,
		      size_t size)
{
	const char *p = find(text, path), *end = p ? string_end(p) : NULL;
	size_t n = 0;
	char c;

	if (!end)
		return false;
	for (p++; p < end - 1;) {
		if (*p == '\\')
			p = unescape(p + 1, &c);
		else
			c = isprint((unsigned char)*p) ? *p : '?', p++;
		if (n + 1 < size)
			ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

bool mesh_json_number(const char *text, const char *const *path, uint64_t *ret)
{
	const char *p = find(text, path);
	uint64_t n = 0;
	size_t digits = p ? strspn(p, "0123456789") : 0, i;

	if (!digits || digits > 18 ||
	    strchr(".eE", p[digits] ? p[digits] : 'e'))
		return false;
	for (i = 0; i < digits; i++)
		n = 10 * n + p[i] - '0';
	*ret = n;
	return true;
}
