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
	local dir

	packages qemu-system-x86_64 qemu-system-x86 \
		/usr/lib/qemu/virtiofsd qemu-system-common \
		depmod kmod ip iproute2 xz xz-utils

	dir=$(cached_debian) || exit
	if [ -z "$dir" ]; then
		fetch_debian || exit
		dir=$(cached_debian) || exit
	fi
	modules=$dir
	image=$(echo "$dir"/boot/vmlinuz-*)
	[ -f "$image" ] || die "no kernel in $dir, remove that folder"
}

# The newest package in the cache, or nothing.
cached_debian() {
	find "$cache/6.12" -mindepth 1 -maxdepth 1 -name 'linux-image-*' \
		2>/dev/null | sort -V | tail -n 1
}

# The newest one that apt offers.  Names with +debNN are the stable release's
# rebuilds, in the security archive; what is -unsigned is the same without
# the signature and needs no second download.
fetch_debian() {
	local package tmp version

	package=$(apt-cache pkgnames linux-image-6.12. |
		grep -E -- '-cloud-amd64$' | sort -V | tail -n 1)
	[ -n "$package" ] || die "apt offers no linux-image-6.12*-cloud-amd64," \
		"which Debian 12 has in its security archive (try apt-get update)"

	tmp=$cache/tmp-6.12
	rm -rf "$tmp" && mkdir -p "$tmp/root" "$cache/6.12" || exit 125
	note "downloading $package"
	(
		cd "$tmp" &&
		apt-get -q -o APT::Sandbox::User=root download "$package" &&
		dpkg -x ./*.deb root
	) >"$cache/download.log" 2>&1 || {
		tail -n 5 "$cache/download.log" >&2
		die "cannot download $package (try apt-get update)"
	}

	# modprobe wants lib/modules, newer packages have it below usr.  depmod
	# runs when a kernel is installed; xz is slow in an emulated processor.
	[ -e "$tmp/root/lib" ] || ln -s usr/lib "$tmp/root/lib"
	version=$(basename "$tmp"/root/lib/modules/*)
	find "$tmp/root/lib/modules/" -name '*.ko.xz' -exec unxz {} + &&
		depmod -b "$tmp/root" "$version" &&
		mv -T "$tmp/root" "$cache/6.12/$package" &&
		rm -rf "$tmp" || die "cannot unpack $package in $cache"
}
