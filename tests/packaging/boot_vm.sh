#!/usr/bin/env bash
# boot_vm.sh TREE FOLDER COMMAND…: as boot.sh, but in an emulated machine. Its own kernel enforces limits of memory and of
# addresses, which a container may not. Needs qemu-system-x86, e2fsprogs, and apt for Debian's cloud kernel, in which the
# drivers of the disks are built in. SCIDEX_BOOT_SECONDS is the timeout of a hung machine.
set -euo pipefail
(($# > 2)) || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
tree=$(readlink -f "$1") folder=$(readlink -f "$2") seconds=${SCIDEX_BOOT_SECONDS:-600}
kernel=$tree.vmlinuz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [[ ! -e $kernel ]]; then
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *//p' | head -n 1)
  mkdir "$work/kernel"
  (cd "$work/kernel" && apt-get download -q -o APT::Sandbox::User=root "$package" >&2)
  dpkg-deb --fsys-tarfile "$work"/kernel/*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*'
  mv "$work"/kernel/boot/vmlinuz-* "$kernel.new"
  mv "$kernel.new" "$kernel"
fi

cp -rL "$folder" "$work/task"
cat >"$work/task/.command" <<END
#!/bin/bash
# The serial line would change line ends otherwise.
stty -F /dev/ttyS1 raw -echo
mkdir -p /task && mount --bind /mnt /task
status=0
$(printf '%q ' "${@:3}") >/dev/ttyS1 2>&1 </dev/null || status=\$?
echo "\$status" >/dev/ttyS2
END
chmod 755 "$work/task/.command"

# disk NAME FOLDER SIZE: the file NAME with a file system that has the files of FOLDER.
disk() { mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -d "$2" "$work/$1.disk" "$3" >/dev/null; }
disk tree "$tree" 3G
disk task "$work/task" 256M

ended=0
timeout --foreground --kill-after=10 "$seconds" qemu-system-x86_64 \
  -machine q35,i8042=off -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-reboot -display none -nic none \
  -serial "file:$work/console" -serial "file:$work/output" -serial "file:$work/status" \
  -drive "file=$work/tree.disk,format=raw,if=none,id=tree" -device nvme,drive=tree,serial=tree \
  -drive "file=$work/task.disk,format=raw,if=none,id=task" -device nvme,drive=task,serial=task \
  -kernel "$kernel" -append "root=/dev/nvme0n1 rw console=ttyS0 quiet panic=-1 systemd.show_status=0 \
systemd.run=\"/bin/sh -c 'mount -o ro /dev/nvme1n1 /mnt && exec /mnt/.command'\" \
systemd.run_success_action=poweroff-force systemd.run_failure_action=poweroff-force" \
  </dev/null >"$work/emulator" 2>&1 || ended=$?

cat "$work/output"
status=$(tr -cd '0-9' <"$work/status")
if [[ ! $status ]]; then
  echo "boot_vm.sh: the machine ended with $ended; its console:" >&2
  cat "$work/emulator" >&2
  tail -n 40 "$work/console" >&2
  exit 1
fi
exit "$status"
