/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By libqrencode, at its lowest level of correction: a screen has no stains,
 * and each level more makes the code of an invite a size larger.  Two rows of
 * it are one line of half blocks, in reverse, so that light is light on a dark
 * terminal; on a light one cameras read it all the same.
 *
 * Where the library was not there at the build, all that is left of this is
 * the reason.
 */
#include "wgd-mesh/mesh_qr.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_QRENCODE

#include <qrencode.h>

#define MARGIN 2 /* of light, on each side */

static int is_light(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return 1;
	return !(code->data[y * code->width + x] & 1);
}

bool mesh_qr_is_there(void)
{
	return true;
}

int mesh_qr_print(FILE *out, const char *text, struct mesh_why *why)
{
	static const char *const half[2][2] = {{" ", "▄"}, {"▀", "█"}};
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	int x, y;

	if (!code)
		return mesh_because(why, -errno, "no QR code: %s",
				    strerror(errno));
	for (y = -MARGIN; y < code->width + MARGIN; y += 2) {
		for (x = -MARGIN; x < code->width + MARGIN; x++)
			fputs(half[is_light(code, x, y)]
				  [is_light(code, x, y + 1)],
			      out);
		fputc('\n', out);
	}
	/* its modules are the secret as well */
	explicit_bzero(code->data, code->width * code->width);
	QRcode_free(code);
	return 0;
}

#else

bool mesh_qr_is_there(void)
{
	return false;
}

int mesh_qr_print(FILE *out, const char *text, struct mesh_why *why)
{
	return mesh_because(
		why, -ENOTSUP,
		"--qr: this wgd-mesh was built without libqrencode");
}

#endif
