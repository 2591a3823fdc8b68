/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fill a device that is there with the bare program: for bench-resync.
 *
 * Usage: fill kernel|userspace IFNAME PREFIXES PEERS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"
#include "lib/backend/wg_backend.h"

int main(int argc, char **argv)
{
	struct bare_job job = { .batch = WG_BACKEND_BATCH };
	char path[128];
	int error;

	if (argc != 5) {
		fprintf(stderr, "usage: fill kernel|userspace IFNAME PREFIXES PEERS\n");
		return 2;
	}
	job.n = strtoul(argv[3], NULL, 10);
	job.n_peers = strtoul(argv[4], NULL, 10);
	snprintf(path, sizeof(path), "%s/%s.sock", WG_UAPI_DIR, argv[2]);
	if (strcmp(argv[1], "kernel") == 0)
		error = bare_kernel(argv[2], &job);
	else
		error = bare_userspace(path, &job);
	if (error)
		fprintf(stderr, "fill: %s\n", strerror(-error));
	return error ? 1 : 0;
}
