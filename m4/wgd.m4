# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nothing stops at the first thing that is missing: each adds its Debian
# package to a list, and WGD_MISSING_STOP prints one apt-get command.

AC_DEFUN([WGD_MISSING_INIT], [wgd_missing=])

# WGD_NEED_PKG(PREFIX, pkg-config module [condition], Debian package)
AC_DEFUN([WGD_NEED_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_RESULT([no ($3)])
		 wgd_missing="$wgd_missing $3"])
])

# WGD_NEED_HEADER(header, Debian package)
AC_DEFUN([WGD_NEED_HEADER], [
	AC_CHECK_HEADER([$1], [], [wgd_missing="$wgd_missing $2"])
])

# WGD_NEED_PROG(VARIABLE, program, Debian package)
AC_DEFUN([WGD_NEED_PROG], [
	AC_PATH_PROG([$1], [$2], [], [/usr/bin:$PATH])
	AS_IF([test -z "$$1"], [wgd_missing="$wgd_missing $3"])
])

AC_DEFUN([WGD_MISSING_STOP], [
	AS_IF([test -n "$wgd_missing"], [AC_MSG_ERROR([packages are missing.
  apt-get install --no-install-recommends$wgd_missing])])
])
