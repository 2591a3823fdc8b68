/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper of a mesh, who has the authority's key, needs no root, no network
 * and no daemon.  The site that joins needs all of them: request and join run
 * vtysh, and write where wgd reads.
 *
 * Secrets are in locked memory, and a core of this process is never written;
 * they come from the terminal or a file, never from the arguments.
 *
 * Ends with 0; 1 and a line that says why; 2 where the usage is wrong.  At 1
 * members are told nothing new, but numbers may be used up, and where only the
 * standard output failed, all else is done.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/wg_keys.h"
#include "wgd-mesh/mesh_ask.h"
#include "wgd-mesh/mesh_commands.h"

#define BIT(option) (1u << MESH_##option)
#define SIGNS (BIT(PASSPHRASE) | BIT(CLOCK))
#define SITE (BIT(CONFIG) | BIT(MESH) | BIT(NEW_KEY) | BIT(VTYSH))

static const struct mesh_command commands[] = {
	{"new", "MESH", "", 0, 0, BIT(NETWORK) | BIT(MEMORY) | BIT(PASSPHRASE),
	 "Make a mesh: the folder MESH, and in it the authority's key",
	 "It prints the recovery key, once: put it on paper, and into a safe.\n",
	 mesh_new},
	{"add", "MESH", "NAME", 1, 1,
	 BIT(NUMBER) | BIT(ADDRESS) | BIT(HUB) | BIT(DOOR_PORT) | BIT(PREFIX),
	 "Write a member into MESH/members",
	 "A program may write that file as well.  Number and addresses are filled in\n"
	 "where they are not given.\n",
	 mesh_add},
	{"sign", "MESH", "NAME REQUEST", 2, 2, SIGNS | BIT(MESH_NAME),
	 "Sign a request (a line, or a file that has it), and print the answer",
	 "The request's identity key never leaves the member.  Hubs join only so.\n",
	 mesh_sign},
	{"invite", "MESH", "[NAME...]", 0, 100000,
	 SIGNS | BIT(FOR) | BIT(ALL) | BIT(OUT) | BIT(QR) | BIT(MESH_NAME),
	 "Make invites, each good once, for a site that joins",
	 "An invite is a secret.  Without --out, it is printed, and one NAME is needed.\n",
	 mesh_invite},
	{"revoke", "MESH", "NAME...", 1, 100000, SIGNS,
	 "Shut members out, and write MESH/update",
	 "Load that file at any member that is not one of them; it reaches all.\n",
	 mesh_revoke},
	{"renew", "MESH", "[NAME...]", 0, 100000, SIGNS,
	 "Sign all members, or these, anew, and write MESH/update",
	 "What was changed in MESH/members holds from then on.  Load the file at any\n"
	 "member; do so once a year.\n",
	 mesh_renew},
	{"recover", "MESH", "ITEMS", 1, 1, BIT(RECOVERY) | BIT(KEY_FILE),
	 "Learn members and identities from any member's file of items",
	 "Where MESH has nothing of a mesh, the rows of the paper are asked for.\n",
	 mesh_recover},
	{"authority", "MESH", "", 0, 0,
	 BIT(VOID) | BIT(RECOVERY) | BIT(PASSPHRASE) | BIT(MEMORY) | BIT(CLOCK),
	 "Make a new authority's key, by the recovery key, and write MESH/update",
	 "The passphrase is the new key's.  Load the file at any member.\n",
	 mesh_authority},
	{"passphrase", "MESH", "", 0, 0,
	 BIT(PASSPHRASE) | BIT(NEW_PASSPHRASE) | BIT(MEMORY),
	 "Put the authority's key under another passphrase",
	 "The present one is asked for first.  Members have nothing to learn of it.  After\n"
	 "a theft of MESH/authority.key make a new authority instead.\n",
	 mesh_passphrase},
	{"show", "MESH", "", 0, 0, BIT(JSON), "Print what the keeper knows", "",
	 mesh_show},
	{"request", "IFNAME", "", 0, 0, SITE,
	 "At a member: print its request, for the keeper to sign",
	 "It puts IFNAME into the mesh that --mesh NAME names, if it is in none.  The key\n"
	 "stays here.  Needs root and FRR.\n",
	 mesh_request},
	{"join", "IFNAME", "LINE|FILE", 1, 1, SITE | BIT(STATE) | BIT(WAIT),
	 "At a member: join a mesh, with an invite or an answer",
	 "FILE - is the standard input.  It writes the lines of IFNAME and saves them.\n"
	 "Needs root and FRR.\n",
	 mesh_join},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void help(FILE *out)
{
	size_t i;

	fputs("usage: wgd-mesh COMMAND [OPTION...] MESH [ARGUMENT...]\n"
	      "       wgd-mesh {request|join} [OPTION...] IFNAME [LINE|FILE]\n\n"
	      "The tool of a mesh, for its keeper and for its members.  MESH is the keeper's\n"
	      "folder, IFNAME an interface of this machine.\n\n",
	      out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s  %s\n", commands[i].name,
			commands[i].what);
	fputs("\nwgd-mesh COMMAND --help says more.  See wgd-mesh(8).\n", out);
}

int main(int argc, char **argv)
{
	const struct rlimit none = {0, 0};
	struct mesh_args args;
	struct mesh_why why = {""};
	size_t i;
	int rc;

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	/* ours may be opened by us, and by nobody else */
	umask(S_IRWXG | S_IRWXO);
	/* who reads no further is an error like others, and cleared up after */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return 0;
	}
	for (i = 0; i < COMMANDS; i++)
		if (argc > 1 && strcmp(argv[1], commands[i].name) == 0)
			break;
	if (i == COMMANDS) {
		if (argc > 1)
			mesh_say("no such command: %.40s; see wgd-mesh --help",
				 argv[1]);
		else
			mesh_say("a command is missing; see wgd-mesh --help");
		return 2;
	}
	if (wg_keys_init()) {
		mesh_say("there are no good random numbers here");
		return 1;
	}
	/* what is printed may be a secret: its buffer is memory for one */
	setvbuf(stdout, wg_vault_alloc(BUFSIZ),
		isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
	rc = mesh_args_parse(&commands[i], argc - 1, argv + 1, &args, &why);
	if (rc) {
		if (rc < 0)
			mesh_say("%s", why.text);
		return rc < 0 ? 2 : 0;
	}
	rc = commands[i].run(&args, &why);
	if (rc)
		mesh_say("%s", why.text);
	if (mesh_ask_signal())
		raise(mesh_ask_signal());
	return rc == 0 ? 0 : rc == MESH_USAGE ? 2 : 1;
}
