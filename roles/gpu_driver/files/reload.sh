# Loads NVIDIA's driver anew, all of it or nothing: a part that was taken out alone might not fit to what stayed.
# $1 is put before /sys. Where something uses the driver it says so in one line, and ends with 3 after it stopped nothing for long.
# It is one program, so that a run that is killed leaves none of its own daemons stopped.
trap '' HUP PIPE
stopped='' loaded='' used=''
trap 'for each in $stopped; do systemctl start "$each"; done' EXIT

for process in $(find /proc/[0-9]*/fd -lname '/dev/nvidia*' 2>/dev/null | cut -d/ -f3 | sort -un); do
  grep -qE '/nvidia-(persistenced|fabricmanager)\.service' "/proc/$process/cgroup" 2>/dev/null && continue
  used="$used${used:+, }$(cat "/proc/$process/comm") ($process)"
done
[ -z "$used" ] || { echo "in use by $used"; exit 3; }

for each in nvidia-persistenced nvidia-fabricmanager; do
  systemctl --quiet is-active "$each.service" && systemctl stop "$each.service" && stopped="$stopped $each.service"
done

for each in nvidia_peermem nvidia_drm nvidia_modeset nvidia_uvm nvidia; do
  cd "$1/sys/module/$each" 2>/dev/null || continue
  loaded="$loaded $each"
  [ "$(cat refcnt)" -le "$(ls holders | wc -l)" ] || used="$used${used:+, }$each"
done
cd /
[ -z "$used" ] || { echo "in use: $used"; exit 3; }

# shellcheck disable=SC2086
kept=$(modprobe --remove $loaded 2>&1) || kept=${kept:-the kernel gives no reason}
# shellcheck disable=SC2086
failed=$(modprobe --all nvidia nvidia_uvm $loaded 2>&1) || { echo "$failed"; exit 1; }
[ -z "$kept" ] || { echo "$kept" | head -n 1; exit 3; }
