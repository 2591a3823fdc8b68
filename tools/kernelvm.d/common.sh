# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the host's side of kernelvm shares: messages, packages.

# die MESSAGE: every failure of kernelvm itself is status 125, which no usual
# command returns.
die() {
	echo "kernelvm: $*" >&2
	exit 125
}

note() {
	echo "kernelvm: $*" >&2
}

# visible OPTION FOLDER: a folder that both sides use cannot be where the
# guest has file systems of its own.
visible() {
	local path

	path=$(realpath -m "$2") || exit 125
	case $path/ in
	/dev/*|/proc/*|/run/*|/sys/*)
		die "$1: the guest cannot see $path, choose another folder" ;;
	esac
}

# packages FILE PACKAGE ...: the packages whose FILE (a program name or an
# absolute path) is missing are named, or installed if $install is 1.
packages() {
	local missing=()

	while [ $# -gt 0 ]; do
		if [[ $1 == /* ]]; then
			[ -e "$1" ] || missing+=("$2")
		else
			type -P "$1" >/dev/null || missing+=("$2")
		fi
		shift 2
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$install" -eq 1 ] || die "missing packages: ${missing[*]}" \
		"(run again with --install)"
	update_lists
	note "installing ${missing[*]}"
	DEBIAN_FRONTEND=noninteractive apt-get -qy install \
		--no-install-recommends -o DPkg::Lock::Timeout=120 \
		"${missing[@]}" >"$cache/install.log" 2>&1 </dev/null || {
		tail -n 5 "$cache/install.log" >&2
		die "cannot install ${missing[*]}, see $cache/install.log"
	}
}

# Reads the machine's package lists again, at most once a run, if $install
# allows to touch them: a fresh machine has none, an old one names packages
# that the archive has replaced.  False if nothing can be new.
lists_new=0
update_lists() {
	[ "$install" -eq 1 ] && [ $lists_new -eq 0 ] || return 1
	lists_new=1
	note "reading package lists"
	apt-get -q -o DPkg::Lock::Timeout=120 update \
		>"$cache/update.log" 2>&1 </dev/null ||
		note "apt-get update failed, see $cache/update.log"
}
