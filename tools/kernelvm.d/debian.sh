# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian kernel for QEMU.
#
# The cloud flavour, because it has virtio, virtiofs and FUSE built in: the
# guest mounts this machine's root straight from the kernel command line, with
# no initramfs and no disk image to make.  The package is downloaded with apt
# and unpacked beside others in $cache/6.12; it is never installed, so it
# changes nothing here and its version does not depend on the kernel that runs.
#
# $cache/6.12/PACKAGE/ is complete when it exists: it is filled under another
# name and renamed.  An old package is good for ever; delete it for a new one.

# Sets $image (the kernel) and $modules (a folder with lib/modules in it).
prepare_qemu() {
	local why

	packages qemu-system-x86_64 qemu-system-x86 \
		/usr/lib/qemu/virtiofsd qemu-system-common \
		depmod kmod ip iproute2 xz xz-utils

	if [ -z "$(cached_debian)" ]; then
		download_debian || { update_lists && download_debian; } ||
			die "$why (try apt-get update, or --install)"
		unpack_debian
	fi
	modules=$(cached_debian)
	image=$(echo "$modules"/boot/vmlinuz-*)
	[ -f "$image" ] || die "no kernel in $modules, remove that folder"
}

# The newest package in the cache, or nothing.
cached_debian() {
	find "$cache/6.12" -mindepth 1 -maxdepth 1 -name 'linux-image-*' \
		2>/dev/null | sort -V | tail -n 1
}

# The newest one that apt offers, to $cache/tmp-6.12.  Sets $package, or $why
# not.  Names with +debNN are the stable release's rebuilds, in its security
# archive; what is called -unsigned is the same kernel once more.
download_debian() {
	local tmp=$cache/tmp-6.12

	package=$(apt-cache pkgnames linux-image-6.12. |
		grep -E -- '-cloud-amd64$' | sort -V | tail -n 1)
	if [ -z "$package" ]; then
		why="apt offers no linux-image-6.12*-cloud-amd64, which is in"
		why+=" Debian 12's security archive"
		return 1
	fi
	rm -rf "$tmp"
	mkdir -p "$tmp/root" "$cache/6.12" || exit 125
	note "downloading $package"
	why="cannot download $package, see $cache/download.log"
	(
		cd "$tmp" &&
		apt-get -q -o APT::Sandbox::User=root download "$package" &&
		dpkg -x ./*.deb root
	) >"$cache/download.log" 2>&1
}

# modprobe wants lib/modules, newer packages have it below usr.  depmod runs
# when a kernel is installed, so not yet; xz is slow in an emulated processor.
unpack_debian() {
	local root=$cache/tmp-6.12/root version

	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
	version=$(basename "$root"/lib/modules/*)
	find "$root/lib/modules/" -name '*.ko.xz' -exec unxz {} + &&
		depmod -b "$root" "$version" &&
		mv -T "$root" "$cache/6.12/$package" ||
		die "cannot unpack $package in $cache"
	rm -rf "$cache/tmp-6.12"
}
