# SPDX-License-Identifier: GPL-2.0-or-later
#
# User-mode Linux 7.2, built once into the cache.
#
# A kernel that is a program: ready in half a second, near native speed, and
# the first generation whose WireGuard removes single allowed IPs.  Debian's
# own user-mode-linux has no WireGuard, so it is built, from the kernel source
# that Debian unstable packages.
#
# apt reads unstable from an entry made of the machine's own entry for the
# release that it runs, with lists and state in the cache: the machine's apt
# never hears of it.  The packages' signatures are checked as always.
#
# $cache/7.2/linux exists when it is complete.  What it was made of is removed
# after the build, except the log and the configuration.

# Sets $image (the program) and $modules (none: all is built in).
prepare_uml() {
	packages ip iproute2
	image=$cache/7.2/linux
	modules=
	if [ ! -x "$image" ]; then
		packages gcc gcc make make flex flex bison bison bc bc \
			perl perl xz xz-utils tar tar
		build_uml || exit
	fi
}

# The machine's entry for the main archive of its own release.
debian_archive() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

	apt-get indextargets 'Created-By: Packages' \
		--format '$(ORIGIN) $(LABEL) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
		awk -v c="$codename" '$1 == "Debian" && $2 == "Debian" &&
			$3 == c && $4 == "main" { print $5; exit }'
}

# unstable_apt FOLDER COMMAND...
unstable_apt() {
	local dir=$1 tool=$2

	"$tool" -q -o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "${@:3}"
}

# step LOG MESSAGE COMMAND...: a slow step, its output in a log.
step() {
	note "$2"
	"${@:3}" >>"$1" 2>&1 && return
	tail -n 20 "$1" >&2
	die "$2: failed, see $1"
}

build_uml() {
	local archive tmp=$cache/tmp-7.2 log=$cache/7.2/build.log missing

	archive=$(debian_archive)
	[ -n "$archive" ] || ! update_lists || archive=$(debian_archive)
	[ -n "$archive" ] || die "apt has no entry for Debian's main archive to make" \
		"one for unstable from, where linux-source-7.2 is (try apt-get update)"
	rm -rf "$tmp" && mkdir -p "$tmp/lists/partial" "$cache/7.2" || exit 125
	: >"$log"
	printf 'deb [signed-by=%s] %s unstable main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg "$archive" \
		>"$tmp/sources.list"
	cd "$tmp" || exit 125
	step "$log" "reading Debian unstable's package list" \
		unstable_apt "$tmp" apt-get update
	step "$log" "downloading linux-source-7.2 (160 MB)" \
		unstable_apt "$tmp" apt-get download linux-source-7.2
	step "$log" "unpacking" unpack_source
	cd linux-source-7.2 || exit 125
	step "$log" "configuring" make ARCH=um allnoconfig \
		KCONFIG_ALLCONFIG="$parts/uml.config"
	cp .config "$cache/7.2/config"
	missing=$(grep -h '^CONFIG_' "$parts/uml.config" |
		grep -vxFf .config | tr '\n' ' ')
	[ -z "$missing" ] || die "the kernel did not take: $missing"
	step "$log" "building (about 10 minutes of processor time)" \
		nice -n 19 make ARCH=um -j"$(nproc)" linux
	strip -o "$cache/7.2/linux.new" linux &&
		mv "$cache/7.2/linux.new" "$cache/7.2/linux" || exit 125
	cd / && rm -rf "$tmp"
}

unpack_source() {
	dpkg -x ./linux-source-7.2_*.deb . &&
		rm ./linux-source-7.2_*.deb &&
		tar -xf usr/src/linux-source-7.2.tar.xz &&
		rm -r usr
}
