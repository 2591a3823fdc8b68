# SPDX-License-Identifier: GPL-2.0-or-later
#
# User-mode Linux, built once into the cache.

prepare_uml() {
	die "--kernel 7.2 is not there yet"
}
