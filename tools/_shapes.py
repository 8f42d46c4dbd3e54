"""Node systems in the shape of others: a Debian that calls itself something else, with packages from the mock vendor alone.

They show what our tasks say to apt and dnf, with keys, pins and names; they do not show those distributions.
"""

from __future__ import annotations

from typing import NamedTuple

VENDOR = "http://sites:5001/vendor"


class Shape(NamedTuple):
    """What comes on top of another node image: packages, then a script."""

    base: str
    packages: tuple[str, ...]
    finish: str


NO_SOURCES = "rm -rf /etc/os-release /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*\n"

UBUNTU = NO_SOURCES + f"""
cat > /etc/os-release <<'TEXT'
PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
TEXT
printf 'Types: deb\\nURIs: {VENDOR}/ubuntu\\nSuites: noble\\nComponents: main\\nTrusted: yes\\n' > /etc/apt/sources.list.d/ubuntu.sources
"""

EL = NO_SOURCES + f"""
cat > /etc/os-release <<'TEXT'
NAME="Rocky Linux"
VERSION="@.6"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="@.6"
PLATFORM_ID="platform:el@"
PRETTY_NAME="Rocky Linux @.6"
TEXT
echo 'Rocky Linux release @.6' > /etc/redhat-release
mkdir -p /etc/yum.repos.d /etc/pki/rpm-gpg
printf '[main]\\ngpgcheck=1\\ninstallonly_limit=3\\nclean_requirements_on_remove=True\\nbest=True\\nskip_if_unavailable=False\\n' > /etc/dnf/dnf.conf
printf '[baseos]\\nname=baseos\\nbaseurl={VENDOR}/el/9/$basearch\\ngpgcheck=0\\n' > /etc/yum.repos.d/rocky.repo
"""

FEDORA = NO_SOURCES + """
printf 'NAME="Fedora Linux"\\nID=fedora\\nVERSION_ID=44\\nPRETTY_NAME="Fedora Linux 44"\\n' > /etc/os-release
rm /etc/redhat-release
sed -i 's,rocky,fedora,' /etc/yum.repos.d/rocky.repo
"""

SUSE = NO_SOURCES + f"""
printf 'NAME="SLES"\\nID="sles"\\nID_LIKE="suse"\\nVERSION_ID="15.6"\\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP6"\\n' > /etc/os-release
mkdir -p /etc/zypp/repos.d
printf '[SLES]\\nname=SLES\\nbaseurl={VENDOR}/sles/15/$basearch\\nenabled=1\\ngpgcheck=0\\n' > /etc/zypp/repos.d/sles.repo
"""

SYSTEMS = {
    "ubuntu2404": Shape("debian13", (), UBUNTU),
    # Also the place where the mock is built.
    "el9": Shape("debian13", ("dnf", "rpm", "gnupg", "createrepo-c"), EL.replace("@", "9")),
    "el8": Shape("el9", (), EL.replace("@", "8")),
    "fedora44": Shape("el9", (), FEDORA),
    "sles15": Shape("debian13", ("zypper", "rpm", "gnupg"), SUSE),
}
