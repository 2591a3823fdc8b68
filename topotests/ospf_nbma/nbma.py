# SPDX-License-Identifier: GPL-2.0-or-later
"Three sites on one interface, which both kinds of network have."

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["ospfd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hc": ("c", "192.168.3.10/24", "192.168.3.1"),
    },
}
LANS = {"a": "192.168.1.0/24", "b": "192.168.2.0/24", "c": "192.168.3.0/24"}
