// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics over HTTP, for Prometheus: a module of the daemon, loaded by
 *
 *   wgd -M wgd_prometheus[:[ADDRESS:]PORT]
 *
 * which listens on 127.0.0.1:9586 unless told otherwise.  The text is made when
 * it is asked for, of what the daemon knows at that time, in a time that grows
 * with the peers and not with the prefixes.  The device is not read for it.
 * Who asks again within a second gets the same text: it is the daemon that
 * routes which takes the time, and anybody who reaches the port may ask.
 *
 * Two formats are spoken: OpenMetrics 1.0 if the client accepts it, else the
 * older text format 0.0.4 (https://prometheus.io/docs/instrumenting/
 * exposition_formats/).  They differ in the head of a counter's family.
 *
 * libmicrohttpd does the HTTP, in our loop: its epoll descriptor is readable
 * when it has something to do.  Names: labels are the interface and the peer's
 * name, which live as long as they are configured; keys are no labels.  The
 * exception are the three series that dashboards for WireGuard ask for, of
 * which prometheus_wireguard_exporter is the source: their names and labels are
 * its.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <microhttpd.h>

#include "hook.h"
#include "libfrr.h"
#include "log.h"
#include "module.h"
#include "printfrr.h"

#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/show/wgd_prometheus.h"
#include "lib/backend/wg_keys.h"

#define DEFAULT_PORT 9586
#define CONNECTIONS 16
#define IDLE_S 10
#define FRESH_MS 1000 /* a text is given to all who ask for so long */

static struct MHD_Daemon *http;
static struct event *t_read, *t_timer;
static uint64_t composed; /* texts so far */

/* The last text in each format; libmicrohttpd counts who is still reading. */
static struct {
	struct MHD_Response *response; /* NULL: none yet */
	int64_t ms;		       /* when it was made */
} last[2];

/* --- devices */

struct device_row {
	const char *name, *help;
	enum wgd_metrics_kind kind;
	uint64_t (*value)(struct wgd_if *wif);
};

static uint64_t synced(struct wgd_if *wif)
{
	return wif->state == WGD_IF_SYNCED;
}

static uint64_t routes(struct wgd_if *wif)
{
	struct wg_count count;

	wg_dev_count(wif->dev, &count);
	return count.routes;
}

#define STAT(what)                                                             \
	static uint64_t what(struct wgd_if *wif)                               \
	{                                                                      \
		return wif->device->stats.what;                                \
	}
STAT(events)
STAT(batches)
STAT(ops)
STAT(resyncs)
STAT(errors)
STAT(reads)

static const struct device_row device_rows[] = {
	{"wgd_device_synced", "1 if the device is known to be as decided",
	 WGD_GAUGE, synced},
	{"wgd_device_routes", "Routes that are followed on the device",
	 WGD_GAUGE, routes},
	{"wgd_device_route_events", "Route messages that touched the device",
	 WGD_COUNTER, events},
	{"wgd_device_batches", "Batches that the device acknowledged",
	 WGD_COUNTER, batches},
	{"wgd_device_operations", "Operations that the device acknowledged",
	 WGD_COUNTER, ops},
	{"wgd_device_resyncs", "Reads after an error or of a new link",
	 WGD_COUNTER, resyncs},
	{"wgd_device_errors", "Requests that failed", WGD_COUNTER, errors},
	{"wgd_device_reads", "Reads of the device", WGD_COUNTER, reads},
};

static void device_families(struct wgd_metrics *t)
{
	const struct device_row *row;
	char name[WGD_LABEL_LEN];

	for (row = device_rows; row < device_rows + array_size(device_rows);
	     row++) {
		wgd_metrics_family(t, row->name, row->kind, NULL, row->help);
		wgd_each_if (wif)
			wgd_metrics_put(
				t, "%s%s{interface=\"%s\"} %" PRIu64 "\n",
				row->name,
				row->kind == WGD_COUNTER ? "_total" : "",
				wgd_metrics_label(wif, name), row->value(wif));
	}
}

static void allowed_ips(struct wgd_metrics *t)
{
	struct wg_count count;
	char name[WGD_LABEL_LEN];
	size_t i;

	wgd_metrics_family(t, "wgd_device_allowed_ips", WGD_GAUGE, NULL,
			   "AllowedIPs by what becomes of them");
	wgd_each_if (wif) {
		wg_dev_count(wif->dev, &count);

		const struct {
			const char *state;
			size_t n;
		} rows[] = {
			{"decided", count.entries},
			{"wanted", count.targets},
			{"installed", count.installed},
			{"pending", count.pending},
			{"redundant", count.redundant},
		};

		for (i = 0; i < array_size(rows); i++)
			wgd_metrics_put(
				t,
				"wgd_device_allowed_ips{interface=\"%s\",state=\"%s\"} %zu\n",
				wgd_metrics_label(wif, name), rows[i].state,
				rows[i].n);
	}
}

static void latency(struct wgd_metrics *t)
{
	static const char name[] = "wgd_route_to_device_seconds";
	char ifname[WGD_LABEL_LEN];
	uint64_t n;
	size_t i;

	wgd_metrics_family(
		t, name, WGD_HISTOGRAM, "seconds",
		"From the first route of a burst to the last acknowledgement");
	wgd_each_if (wif) {
		wgd_metrics_label(wif, ifname);
		for (n = 0, i = 0; i < WGD_LATENCY_BUCKETS; i++) {
			n += wif->device->stats.latency[i];
			wgd_metrics_put(
				t,
				"%s_bucket{interface=\"%s\",le=\"%g\"} %" PRIu64
				"\n",
				name, ifname,
				wgd_device_latency_bounds[i] / 1e6, n);
		}
		n += wif->device->stats.latency[i];
		wgd_metrics_put(
			t,
			"%s_bucket{interface=\"%s\",le=\"+Inf\"} %" PRIu64 "\n",
			name, ifname, n);
		wgd_metrics_put(t, "%s_sum{interface=\"%s\"} %.6f\n", name,
				ifname,
				wif->device->stats.latency_sum_us / 1e6);
		wgd_metrics_put(t, "%s_count{interface=\"%s\"} %" PRIu64 "\n",
				name, ifname, n);
	}
}

/* --- peers */

typedef void peer_fn(struct wgd_metrics *t, const char *labels,
		     struct wgd_peer *p);

static void each_peer(struct wgd_metrics *t, peer_fn *fn)
{
	char labels[WGD_LABEL_LEN + 128], name[WGD_LABEL_LEN];
	struct wg_peer *peer;

	wgd_each_if (wif)
		for (peer = wg_peer_first(wif->dev); peer;
		     peer = wg_peer_next(peer)) {
			snprintf(labels, sizeof(labels),
				 "interface=\"%s\",peer=\"%s\"",
				 wgd_metrics_label(wif, name),
				 wg_peer_name(peer));
			fn(t, labels, wg_peer_arg(peer));
		}
}

static void peer_state(struct wgd_metrics *t, const char *labels,
		       struct wgd_peer *p)
{
	enum wg_peer_state state = wg_peer_state(p->peer), i;

	for (i = WG_PEER_INCOMPLETE; i <= WG_PEER_UP; i++)
		wgd_metrics_put(t, "wgd_peer_state{%s,state=\"%s\"} %d\n",
				labels, wg_peer_state_str(i), i == state);
}

static void peer_handshake(struct wgd_metrics *t, const char *labels,
			   struct wgd_peer *p)
{
	if (p->seen.handshake.stamp)
		wgd_metrics_put(
			t,
			"wgd_peer_last_handshake_timestamp_seconds{%s} %" PRId64
			"\n",
			labels, p->seen.handshake.stamp);
}

static void peer_received(struct wgd_metrics *t, const char *labels,
			  struct wgd_peer *p)
{
	wgd_metrics_put(t, "wgd_peer_received_bytes_total{%s} %" PRIu64 "\n",
			labels, p->seen.rx_bytes);
}

static void peer_sent(struct wgd_metrics *t, const char *labels,
		      struct wgd_peer *p)
{
	wgd_metrics_put(t, "wgd_peer_sent_bytes_total{%s} %" PRIu64 "\n",
			labels, p->seen.tx_bytes);
}

static void peer_allowed_ips(struct wgd_metrics *t, const char *labels,
			     struct wgd_peer *p)
{
	struct wg_peer_count count;

	wg_peer_count(p->peer, &count);
	wgd_metrics_put(t, "wgd_peer_allowed_ips{%s,source=\"static\"} %zu\n",
			labels, (size_t)count.is_static);
	wgd_metrics_put(t, "wgd_peer_allowed_ips{%s,source=\"route\"} %zu\n",
			labels, (size_t)count.dynamic);
}

static void peer_installed(struct wgd_metrics *t, const char *labels,
			   struct wgd_peer *p)
{
	struct wg_peer_count count;

	wg_peer_count(p->peer, &count);
	wgd_metrics_put(t, "wgd_peer_allowed_ips_installed{%s} %zu\n", labels,
			(size_t)count.installed);
}

static void peer_moves(struct wgd_metrics *t, const char *labels,
		       struct wgd_peer *p)
{
	wgd_metrics_put(t, "wgd_peer_endpoint_changes_total{%s} %" PRIu64 "\n",
			labels, p->seen.moves);
}

static void peer_families(struct wgd_metrics *t)
{
	wgd_metrics_family(t, "wgd_peer_state", WGD_GAUGE, NULL,
			   "1 for the state that the peer is in");
	each_peer(t, peer_state);
	wgd_metrics_family(t, "wgd_peer_last_handshake_timestamp_seconds",
			   WGD_GAUGE, "seconds",
			   "Time of the last handshake, if there was one");
	each_peer(t, peer_handshake);
	wgd_metrics_family(t, "wgd_peer_received_bytes", WGD_COUNTER, "bytes",
			   "Encrypted bytes from the peer");
	each_peer(t, peer_received);
	wgd_metrics_family(t, "wgd_peer_sent_bytes", WGD_COUNTER, "bytes",
			   "Encrypted bytes to the peer");
	each_peer(t, peer_sent);
	wgd_metrics_family(
		t, "wgd_peer_allowed_ips", WGD_GAUGE, NULL,
		"AllowedIPs decided for the peer, by where they come from");
	each_peer(t, peer_allowed_ips);
	wgd_metrics_family(t, "wgd_peer_allowed_ips_installed", WGD_GAUGE, NULL,
			   "AllowedIPs that the peer has on the device");
	each_peer(t, peer_installed);
	wgd_metrics_family(
		t, "wgd_peer_endpoint_changes", WGD_COUNTER, NULL,
		"How often the peer was at another endpoint than before");
	each_peer(t, peer_moves);
}

/* --- what dashboards for WireGuard ask for */

static uint64_t handshake(const struct wgd_peer *p)
{
	return p->seen.handshake.stamp;
}

static uint64_t received(const struct wgd_peer *p)
{
	return p->seen.rx_bytes;
}

static uint64_t sent(const struct wgd_peer *p)
{
	return p->seen.tx_bytes;
}

static void common_families(struct wgd_metrics *t)
{
	static const struct {
		const char *name, *unit, *help;
		enum wgd_metrics_kind kind;
		uint64_t (*value)(const struct wgd_peer *p);
	} rows[] = {
		{"wireguard_latest_handshake_seconds", "seconds",
		 "Time of the last handshake, since 1970; 0: none", WGD_GAUGE,
		 handshake},
		{"wireguard_received_bytes", "bytes",
		 "Encrypted bytes from the peer", WGD_COUNTER, received},
		{"wireguard_sent_bytes", "bytes", "Encrypted bytes to the peer",
		 WGD_COUNTER, sent},
	};
	char key[WG_KEY_STRLEN], name[WGD_LABEL_LEN];
	size_t i;

	for (i = 0; i < array_size(rows); i++) {
		wgd_metrics_family(t, rows[i].name, rows[i].kind, rows[i].unit,
				   rows[i].help);
		wgd_each_if (wif)
			wgd_each_peer (wif, p)
				/* without a key it is not on the device */
				if (p->conf.has_key)
					wgd_metrics_put(
						t,
						"%s%s{interface=\"%s\",public_key=\"%s\",friendly_name=\"%s\"} %" PRIu64
						"\n",
						rows[i].name,
						rows[i].kind == WGD_COUNTER
							? "_total"
							: "",
						wgd_metrics_label(wif, name),
						wg_key_str(&p->conf.key, key),
						wg_peer_name(p->peer),
						rows[i].value(p));
	}
}

static void compose(struct wgd_metrics *t)
{
	wg_core_settle(wgd.core);
	wgd_metrics_family(t, "wgd_build_info", WGD_GAUGE, NULL,
			   "FRR that this is built for");
	wgd_metrics_put(t, "wgd_build_info{frr=\"%s\"} 1\n", FRR_VERSION);
	wgd_metrics_family(t, "wgd_metrics_composed", WGD_COUNTER, NULL,
			   "How often this text was made");
	wgd_metrics_put(t, "wgd_metrics_composed_total %" PRIu64 "\n",
			++composed);
	device_families(t);
	allowed_ips(t);
	latency(t);
	peer_families(t);
	common_families(t);
	wgd_metrics_mesh(t);
	if (t->openmetrics)
		wgd_metrics_put(t, "# EOF\n");
}

/* --- HTTP */

/* NULL: there is no memory.  It takes the text. */
static struct MHD_Response *response_of(struct wgd_metrics *t, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		t->len, t->s, MHD_RESPMEM_MUST_FREE);

	if (r)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	else
		free(t->s);
	return r;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned code,
			      const char *why)
{
	struct wgd_metrics t = {};
	struct MHD_Response *r;
	enum MHD_Result rc;

	wgd_metrics_put(&t, "%s\n", why);
	r = response_of(&t, "text/plain");
	if (!r)
		return MHD_NO;
	rc = MHD_queue_response(c, code, r);
	MHD_destroy_response(r);
	return rc;
}

static void forget(unsigned format)
{
	if (last[format].response)
		MHD_destroy_response(last[format].response);
	last[format].response = NULL;
}

static struct MHD_Response *metrics(bool openmetrics)
{
	static const char *const types[] = {
		"text/plain; version=0.0.4; charset=utf-8",
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	struct wgd_metrics t = {.openmetrics = openmetrics};
	int64_t now = wgd_now_ms();

	if (last[openmetrics].response && now - last[openmetrics].ms < FRESH_MS)
		return last[openmetrics].response;
	forget(openmetrics);
	compose(&t);
	last[openmetrics].response = response_of(&t, types[openmetrics]);
	last[openmetrics].ms = now;
	return last[openmetrics].response;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *c,
			      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *data_len, void **state)
{
	struct MHD_Response *r;
	const char *accept;

	/* the first call has the head only */
	if (!*state) {
		*state = &http;
		return MHD_YES;
	}
	*data_len = 0;
	if (!strmatch(method, "GET") && !strmatch(method, "HEAD"))
		return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET");
	if (!strmatch(url, "/metrics"))
		return refuse(c, MHD_HTTP_NOT_FOUND,
			      "metrics of wgd are at /metrics");
	accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
					     MHD_HTTP_HEADER_ACCEPT);
	r = metrics(accept && strstr(accept, "application/openmetrics-text"));
	return r ? MHD_queue_response(c, MHD_HTTP_OK, r) : MHD_NO;
}

static void turn(struct event *t);

static void arm(void)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD);
	MHD_UNSIGNED_LONG_LONG ms;

	event_cancel(&t_timer);
	event_add_read(wgd.master, turn, NULL, info->epoll_fd, &t_read);
	if (MHD_get_timeout(http, &ms) == MHD_YES)
		event_add_timer_msec(wgd.master, turn, NULL, ms, &t_timer);
}

static void turn(struct event *t)
{
	event_cancel(&t_read);
	MHD_run(http);
	arm();
}

/* "[ADDRESS:]PORT"; an IPv6 address in brackets. */
static bool parse(const char *args, union sockunion *ret)
{
	const char *port = args ? strrchr(args, ':') : NULL;
	char address[INET6_ADDRSTRLEN + 2] = "127.0.0.1";
	unsigned long n = DEFAULT_PORT;
	size_t len;
	char *end;

	if (args && *args) {
		len = port ? (size_t)(port - args) : 0;
		if (port && args[0] == '[' && len > 2 && args[len - 1] == ']') {
			args++;
			len -= 2;
		}
		if (len >= sizeof(address))
			return false;
		if (port)
			strlcpy(address, args, len + 1);
		n = strtoul(port ? port + 1 : args, &end, 10);
		if (*end || n < 1 || n > 65535)
			return false;
	}
	if (str2sockunion(address, ret) < 0)
		return false;
	if (ret->sa.sa_family == AF_INET)
		ret->sin.sin_port = htons(n);
	else
		ret->sin6.sin6_port = htons(n);
	return true;
}

static int start(struct event_loop *master)
{
	const char *args = THIS_MODULE->load_args;
	unsigned flags = MHD_USE_EPOLL;
	union sockunion su = {};

	if (!parse(args, &su)) {
		zlog_err("metrics: '%s' is not [ADDRESS:]PORT: none are served",
			 args);
		return 0;
	}
	if (su.sa.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	http = MHD_start_daemon(
		flags, 0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR,
		&su.sa, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
	if (!http) {
		zlog_err("metrics: %pSUp: %s: none are served", &su,
			 safe_strerror(errno));
		return 0;
	}
	zlog_info("metrics: http://%pSUp/metrics", &su);
	arm();
	return 0;
}

static int stop(void)
{
	event_cancel(&t_read);
	event_cancel(&t_timer);
	if (http)
		MHD_stop_daemon(http);
	http = NULL;
	forget(false);
	forget(true);
	return 0;
}

static int init(void)
{
	hook_register(frr_late_init, start);
	hook_register(frr_early_fini, stop);
	return 0;
}

FRR_MODULE_SETUP(.name = "wgd_prometheus", .version = FRR_VERSION,
		 .description = "metrics over HTTP", .init = init, );
