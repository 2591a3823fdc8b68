// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics of meshes.  No series a member: a mesh may have thousands, and each
 * is a peer, which has its own.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_path_view.h"
#include "frr-wgd/show/wgd_prometheus.h"

#define LABELS_LEN (WGD_LABEL_LEN + 128)

static const char *labels_of(const struct wgd_mesh *m, char *buf)
{
	char name[WGD_LABEL_LEN];

	snprintf(buf, LABELS_LEN, "interface=\"%s\",mesh=\"%s\"",
		 wgd_metrics_label(m->wif, name), m->self->name);
	return buf;
}

/* A sample, where VALUE is known. */
struct row {
	const char *name, *unit, *help;
	bool (*value)(const struct wgd_mesh_view *v, uint64_t *ret);
};

#define VALUE(what, known)                                                     \
	static bool what(const struct wgd_mesh_view *v, uint64_t *ret)         \
	{                                                                      \
		*ret = v->what;                                                \
		return known;                                                  \
	}
VALUE(hubs, true)
VALUE(connected_hubs, true)
VALUE(items, true)
VALUE(until, v->until)
VALUE(list, v->has_list)
VALUE(list_due, v->has_list)

static const struct row rows[] = {
	{"wgd_mesh_hubs", NULL, "Hubs among the other members", hubs},
	{"wgd_mesh_connected_hubs", NULL, "Hubs that are connected to us",
	 connected_hubs},
	{"wgd_mesh_items", NULL, "Items of the mesh that are held", items},
	{"wgd_mesh_certificate_until_timestamp_seconds", "seconds",
	 "When our certificate ends", until},
	{"wgd_mesh_list_number", NULL,
	 "Number of the newest list of what is revoked", list},
	{"wgd_mesh_list_due_timestamp_seconds", "seconds",
	 "When there should be a newer list", list_due},
};

/* Families come one after another, and each mesh is looked at once. */
static void values(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	struct wgd_mesh_view *views, *v;
	const struct row *row;
	size_t n = 0;
	uint64_t value;

	wgd_each_mesh (m)
		n++;
	views = v = XCALLOC(MTYPE_TMP, n * sizeof(*views));
	wgd_each_mesh (m)
		wgd_mesh_view(m, v++);
	for (row = rows; row < rows + array_size(rows); row++) {
		wgd_metrics_family(t, row->name, WGD_GAUGE, row->unit,
				   row->help);
		v = views;
		wgd_each_mesh (m) {
			if (m->map && row->value(v, &value))
				wgd_metrics_put(t, "%s{%s} %" PRIu64 "\n",
						row->name, labels_of(m, labels),
						value);
			v++;
		}
	}
	XFREE(MTYPE_TMP, views);
}

static void states(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	enum wgd_mesh_state i;

	wgd_metrics_family(t, "wgd_mesh_state", WGD_GAUGE, NULL,
			   "1 for the state that we are in");
	wgd_each_mesh(m) for (i = 0; i < WGD_MESH_STATES; i++) wgd_metrics_put(
		t, "wgd_mesh_state{%s,state=\"%s\"} %d\n", labels_of(m, labels),
		wgd_mesh_state_str(i), i == m->state);
}

static void members(struct wgd_metrics *t)
{
	enum { LIVE, AWAY, REFUSED, STATES };
	static const char *const names[] = {"live", "away", "refused"};
	char labels[LABELS_LEN];
	size_t i;

	wgd_metrics_family(t, "wgd_mesh_members", WGD_GAUGE, NULL,
			   "Other members: live, away, or no peer of ours");
	wgd_each_mesh(m)
	{
		size_t n[STATES] = {};

		for (i = 0; i < m->n_members; i++)
			n[m->members[i]->refused     ? REFUSED
			  : m->members[i]->connected ? LIVE
						     : AWAY]++;
		for (i = 0; i < STATES; i++)
			wgd_metrics_put(
				t, "wgd_mesh_members{%s,state=\"%s\"} %zu\n",
				labels_of(m, labels), names[i], n[i]);
	}
}

/* --- paths */

static void path_states(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	struct wgd_path_view v;
	enum wg_path_state state;
	size_t i;

	wgd_metrics_family(t, "wgd_mesh_paths", WGD_GAUGE, NULL,
			   "Other sites, by the state of the path to them");
	wgd_each_mesh(m)
	{
		size_t n[WG_PATH_STATES] = {};

		for (i = 0; i < m->n_members; i++)
			if (wgd_path_view(m->members[i], &v))
				n[v.state]++;
		for (state = 0; !m->is_hub && state < WG_PATH_STATES; state++)
			wgd_metrics_put(t,
					"wgd_mesh_paths{%s,state=\"%s\"} %zu\n",
					labels_of(m, labels),
					wg_path_state_str(state), n[state]);
	}
}

static void path_counters(struct wgd_metrics *t)
{
	static const struct {
		const char *name, *help;
	} counters[] = {
		{"wgd_mesh_path_attempts",
		 "Attempts to be direct, begun at either end"},
		{"wgd_mesh_path_switches", "Paths that became direct"},
		{"wgd_mesh_path_losses",
		 "Direct paths that were left since nothing came back"},
	};
	struct wgd_path_counts n;
	char labels[LABELS_LEN];
	size_t i;

	for (i = 0; i < array_size(counters); i++) {
		wgd_metrics_family(t, counters[i].name, WGD_COUNTER, NULL,
				   counters[i].help);
		wgd_each_mesh(m)
		{
			if (m->is_hub)
				continue;
			n = wgd_path_counts(m);
			wgd_metrics_put(t, "%s_total{%s} %" PRIu64 "\n",
					counters[i].name, labels_of(m, labels),
					(uint64_t[]){n.attempts, n.switches,
						     n.losses}[i]);
		}
	}
}

/* Of how many direct paths there are wgd_mesh_paths tells. */
static void direct_rtt(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	struct wgd_path_view v;
	size_t i;

	wgd_metrics_family(t, "wgd_mesh_direct_rtt_seconds", WGD_GAUGE,
			   "seconds",
			   "To the other end of direct paths and back");
	wgd_each_mesh(m)
	{
		int64_t least = INT64_MAX, most = 0, sum = 0;
		size_t n = 0;

		for (i = 0; i < m->n_members; i++) {
			if (!wgd_path_view(m->members[i], &v) ||
			    v.direct_rtt_ms < 0)
				continue;
			least = MIN(least, v.direct_rtt_ms);
			most = MAX(most, v.direct_rtt_ms);
			sum += v.direct_rtt_ms;
			n++;
		}
		if (!n)
			continue;
		labels_of(m, labels);
		wgd_metrics_put(
			t,
			"wgd_mesh_direct_rtt_seconds{%s,of=\"nearest\"} %.3f\n"
			"wgd_mesh_direct_rtt_seconds{%s,of=\"average\"} %.3f\n"
			"wgd_mesh_direct_rtt_seconds{%s,of=\"farthest\"} %.3f\n",
			labels, least / 1e3, labels, sum / 1e3 / n, labels,
			most / 1e3);
	}
}

static void dropped(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	enum wgd_drop why;

	wgd_metrics_family(
		t, "wgd_mesh_dropped", WGD_COUNTER, NULL,
		"Items, datagrams and answers that were dropped, by reason");
	wgd_each_mesh(m) for (why = 0; why < WGD_DROPS; why++) wgd_metrics_put(
		t, "wgd_mesh_dropped_total{%s,reason=\"%s\"} %" PRIu64 "\n",
		labels_of(m, labels), wgd_drop_str(why), m->drops.n[why]);
}

static void alarms(struct wgd_metrics *t)
{
	char labels[LABELS_LEN];
	const struct wg_alarm *a;
	unsigned kind;
	size_t i;

	wgd_metrics_family(t, "wgd_mesh_alarms", WGD_GAUGE, NULL,
			   "Alarms that stand, by kind");
	wgd_each_mesh(m)
	{
		size_t n[WG_ALARMS] = {};

		for (i = 0; (a = wgd_alarm_at(m, i)); i++)
			n[a->kind]++;
		for (kind = 0; kind < WG_ALARMS; kind++)
			wgd_metrics_put(
				t, "wgd_mesh_alarms{%s,alarm=\"%s\"} %zu\n",
				labels_of(m, labels), wg_alarm_kind_str(kind),
				n[kind] + wg_alarms_left_out(m->alarms, kind));
	}
}

void wgd_metrics_mesh(struct wgd_metrics *t)
{
	states(t);
	members(t);
	values(t);
	path_states(t);
	path_counters(t);
	direct_rtt(t);
	dropped(t);
	alarms(t);
}
