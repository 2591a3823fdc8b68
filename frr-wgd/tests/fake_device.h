/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with one link and one device, in place of lib/backend: the link is
 * there or not, and the device is the core's fake kernel.  Policy routing is
 * refused, so the rest has to do without.
 */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include "frr-wgd/tests/glue.h"

#include "lib/backend/wg_link.h"
#include "lib/core/tests/fake_kernel.h"

extern struct fake_device {
	struct fake_kernel kernel;
	struct wg_link link; /* ifindex 0: none */
	uint32_t made; /* links made, ever; the next one's ifindex less 1 */
	/* errors, each once: of the next such call; 0: none */
	int create, open, read, apply, key;
	unsigned reads, applies;
} fake_device;

extern void fake_device_reset(void);

#endif
