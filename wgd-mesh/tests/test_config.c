/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations: which line is in which block, and what differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wgd-mesh/mesh_config.h"

static struct mesh_config parse(const char *text)
{
	struct mesh_bytes bytes = {strdup(text), strlen(text)};
	struct mesh_config c;

	assert_non_null(bytes.b);
	assert_int_equal(mesh_config_parse(&bytes, &c), 0);
	assert_null(bytes.b);
	return c;
}

static const char running[] =
	"Building configuration...\n"
	"\n"
	"Current configuration:\n"
	"!\n"
	"frr version 8.4.4\n"
	"frr defaults traditional\n"
	"hostname r1\n"
	"log syslog informational\n"
	"no ipv6 forwarding\n"
	"service integrated-vtysh-config\n"
	"!\n"
	"interface lo\n"
	"exit\n"
	"!\n"
	"interface wg0 vrf red\n"
	" ip address 10.99.0.7/16\n"
	" wireguard mesh name acme\n"
	" wireguard peer a public-key KEY\n"
	" wireguard peer b description x\n"
	"exit\n"
	"!\n"
	"interface wg01\n"
	" wireguard mtu 1400\n"
	"exit\n"
	"!\n"
	"router bgp 65000\n"
	" neighbor 10.0.0.1 remote-as 65001\n"
	" !\n"
	" address-family ipv4 unicast\n"
	"  network 192.168.1.0/24\n"
	" exit-address-family\n"
	"exit\n"
	"!\n"
	"end\n";

static void test_lines(void **state)
{
	struct mesh_config c = parse(running);
	const char *wg0 = mesh_config_interface(&c, "wg0");
	char name[MESH_CONFIG_NAME];
	size_t at = 0;

	assert_string_equal(wg0, "interface wg0 vrf red");
	assert_string_equal(mesh_config_interface(&c, "wg01"),
			    "interface wg01");
	assert_null(mesh_config_interface(&c, "wg"));
	assert_null(mesh_config_interface(&c, "lo"));
	mesh_config_name(wg0, name);
	assert_string_equal(name, "wg0");
	mesh_config_name("router bgp 65000", name);
	assert_string_equal(name, "");
	assert_true(mesh_config_has(&c, wg0, "wireguard mesh name acme"));
	assert_false(mesh_config_has(&c, "interface wg01",
				     "wireguard mesh name acme"));
	assert_false(mesh_config_has(&c, wg0, "wireguard mesh name"));
	assert_true(mesh_config_has(&c, "router bgp 65000",
				    "network 192.168.1.0/24"));
	assert_true(mesh_config_has(&c, "", "hostname r1"));
	/* whole words */
	assert_null(mesh_config_next(&c, wg0, "wireguard mesh na", &at));
	at = 0;
	assert_string_equal(
		mesh_config_next(&c, wg0, "wireguard mesh name", &at), "acme");
	assert_null(mesh_config_next(&c, wg0, "wireguard mesh name", &at));
	at = 0;
	assert_string_equal(mesh_config_next(&c, wg0, "wireguard peer", &at),
			    "a public-key KEY");
	assert_string_equal(mesh_config_next(&c, wg0, "wireguard peer", &at),
			    "b description x");
	assert_null(mesh_config_next(&c, wg0, "wireguard peer", &at));
	mesh_config_free(&c);
}

/* What the running one has beside a startup file. */
static void test_missing(void **state)
{
	static const struct {
		const char *name, *startup;
		const char *lines; /* that are missing, each with a newline */
	} rows[] = {
		{"itself", running, ""},
		{"other blanks and comments",
		 "! mine\n# mine\nhostname   r1 \ninterface wg0 vrf red\n"
		 "\tip  address 10.99.0.7/16\r\n wireguard mesh name acme\n"
		 "   wireguard peer a public-key KEY\n"
		 "   wireguard peer b description x\n"
		 "interface wg01\n wireguard mtu 1400\n"
		 "router bgp 65000\n neighbor 10.0.0.1 remote-as 65001\n"
		 " address-family ipv4 unicast\n  network 192.168.1.0/24",
		 ""},
		{"in another block",
		 "hostname r1\ninterface wg01\n ip address 10.99.0.7/16\n"
		 " wireguard mtu 1400\n"
		 "interface wg0 vrf red\n wireguard mesh name acme\n"
		 " wireguard peer a public-key KEY\n"
		 " wireguard peer b description x\n"
		 "router bgp 65000\n neighbor 10.0.0.1 remote-as 65001\n"
		 " address-family ipv4 unicast\n  network 192.168.1.0/24\n",
		 "ip address 10.99.0.7/16\n"},
		{"no blocks",
		 "hostname r1\ninterface wg0 vrf red\nip address 10.99.0.7/16\n"
		 "wireguard mesh name acme\nwireguard peer b description x\n"
		 "wireguard mtu 1400\nrouter bgp 65000\n"
		 "neighbor 10.0.0.1 remote-as 65001\n"
		 "address-family ipv4 unicast\nnetwork 192.168.1.0/24\n",
		 "wireguard peer a public-key KEY\n"},
		{"nothing", "",
		 "ip address 10.99.0.7/16\n"
		 "wireguard mesh name acme\nwireguard peer a public-key KEY\n"
		 "wireguard peer b description x\nwireguard mtu 1400\n"
		 "router bgp 65000\nneighbor 10.0.0.1 remote-as 65001\n"
		 "address-family ipv4 unicast\nnetwork 192.168.1.0/24\n"},
	};
	struct mesh_config c = parse(running);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mesh_config startup = parse(rows[i].startup);
		const struct mesh_config_line *l;
		char got[1024] = "";
		size_t at = 0;

		while ((l = mesh_config_missing(&c, &startup, &at))) {
			strcat(got, l->text);
			strcat(got, "\n");
		}
		if (strcmp(got, rows[i].lines) != 0)
			fail_msg("%s: %s", rows[i].name, got);
		mesh_config_free(&startup);
	}
	mesh_config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
