/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands and their arguments: a table, from which the command line is read
 * and --help is written.
 */
#ifndef MESH_ARGS_H
#define MESH_ARGS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "wgd-mesh/mesh_why.h"

enum mesh_option {
	MESH_ADDRESS,
	MESH_ALL,
	MESH_CLOCK,
	MESH_CONFIG,
	MESH_DOOR_PORT,
	MESH_FOR,
	MESH_HUB,
	MESH_JSON,
	MESH_KEY_FILE,
	MESH_MEMORY,
	MESH_MESH,
	MESH_MESH_NAME,
	MESH_NETWORK,
	MESH_NEW_KEY,
	MESH_NEW_PASSPHRASE,
	MESH_NUMBER,
	MESH_OUT,
	MESH_PASSPHRASE,
	MESH_PREFIX,
	MESH_QR,
	MESH_RECOVERY,
	MESH_STATE,
	MESH_VOID,
	MESH_VTYSH,
	MESH_WAIT,
	MESH_OPTIONS,
};

#define MESH_USAGE (-EDOM) /* what a command returns: its usage was wrong */
#define MESH_TIMES 64	   /* an option may be given so often */

/* What was given. */
struct mesh_args {
	const char *subject; /* a mesh, which is a folder; an interface */
	char **words;	     /* what else there is without dashes */
	unsigned n_words;
	const char *value[MESH_OPTIONS][MESH_TIMES]; /* "" for a flag */
	unsigned given[MESH_OPTIONS];		     /* how often */
};

struct mesh_command {
	const char *name;
	const char *subject;  /* as --help has it: MESH or IFNAME */
	const char *words;    /* ... and what is behind it */
	unsigned least, most; /* how many words */
	uint32_t options;     /* 1 << enum mesh_option */
	const char *what;     /* one line */
	const char *more;     /* what else --help says */
	int (*run)(const struct mesh_args *args, struct mesh_why *why);
};

/*
 * What a mesh may be called (`wireguard mesh name`), into RET of
 * WG_ITEM_NAME_MAX + 1; MESH_USAGE with a reason that begins with WHAT.
 */
int mesh_name_check(const char *what, const char *name, char *ret,
		    struct mesh_why *why);

/* NULL: not given. */
const char *mesh_args_value(const struct mesh_args *args,
			    enum mesh_option option);

/*
 * Read the arguments of a command.  0; 1: --help, which was printed;
 * MESH_USAGE.  What it points to is ARGV's.
 */
int mesh_args_parse(const struct mesh_command *command, int argc, char **argv,
		    struct mesh_args *ret, struct mesh_why *why);

/* --- values; MESH_USAGE with a reason that names the option */

int mesh_args_number(const struct mesh_args *args, enum mesh_option option,
		     uint32_t least, uint32_t most, uint32_t *ret,
		     struct mesh_why *why);
/* "90m", "12h", "3d" to seconds, at least a minute and at most 30 days. */
int mesh_args_time(const struct mesh_args *args, enum mesh_option option,
		   uint32_t *ret, struct mesh_why *why);

#endif
