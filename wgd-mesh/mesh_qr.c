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
#include <sys/ioctl.h>

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

/* A code whose rows are broken is no code. */
static bool fits(FILE *out, int width)
{
	struct winsize w;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) < 0 || !w.ws_col ||
	    w.ws_col >= width)
		return true;
	mesh_say(
		"--qr: the code needs %d columns, and this terminal has %d: make it wider, and draw the line by qrencode",
		width, w.ws_col);
	return false;
}

static void draw(FILE *out, const QRcode *code)
{
	static const char *const half[2][2] = {{" ", "▄"}, {"▀", "█"}};
	int x, y;

	for (y = -MARGIN; y < code->width + MARGIN; y += 2) {
		for (x = -MARGIN; x < code->width + MARGIN; x++)
			fputs(half[is_light(code, x, y)]
				  [is_light(code, x, y + 1)],
			      out);
		fputc('\n', out);
	}
}

int mesh_qr_print(FILE *out, const char *text, struct mesh_why *why)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (!code)
		return mesh_because(why, -errno, "no QR code: %s",
				    strerror(errno));
	if (fits(out, code->width + 2 * MARGIN))
		draw(out, code);
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
