/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "lib/core/tests/path_world.h"

#define READING_MS 5000
#define NUMBER_MS 64
#define PONG_MS 3000
/* After a change in the network data may be lost for so long. */
#define EXCUSED_MS 5000

static struct world_end *find(struct world *w, unsigned from, unsigned to)
{
	return &w->end[w->index[from][to]];
}

/* --- what the kernel does */

static void seal(struct world *w, struct world_end *e, struct net_packet *p)
{
	p->from = e->from;
	p->to = e->to;
	p->hub = e->at.hub;
	if (p->hub < 0)
		p->dst = e->at.direct;
	else if (e->path.watch_told && !w->site[e->from].is_away) {
		wg_path_relayed(&e->path, w->net.now);
		e->due_ms = w->net.now;
	}
	net_send(&w->net, p);
}

static void opened(struct world *w, const struct net_packet *p)
{
	struct world_end *e = find(w, p->to, p->from);

	e->at.hub = p->hub;
	if (p->hub < 0)
		e->at.direct = p->src;
	if (p->kind != NET_DATA)
		return;
	if (w->data[p->number].fate != WORLD_UNDER_WAY)
		abort();
	w->data[p->number].fate = WORLD_CAME;
	w->came_direct += p->hub < 0;
}

static void send_data(struct world *w, struct world_end *e)
{
	struct net_packet p = {.kind = NET_DATA, .number = w->n_data};

	if (w->n_data == w->room_data) {
		w->room_data = w->room_data ? 2 * w->room_data : 4096;
		w->data = realloc(w->data, w->room_data * sizeof(*w->data));
	}
	w->data[w->n_data++] =
		(struct world_data){w->net.now, e - w->end, WORLD_UNDER_WAY};
	e->data_ms = w->net.now + e->gap_ms;
	if (!w->site[e->from].is_away) {
		wg_path_data(&e->path, 1, w->net.now);
		e->due_ms = w->net.now;
	}
	seal(w, e, &p);
}

static bool has_both(const struct world *w, const struct world_end *e, int h)
{
	return h >= 0 && w->site[e->from].is_connected[h] &&
	       w->site[e->to].is_connected[h];
}

/* That which the device has, else that which it had, else any. */
static int common_hub(const struct world *w, const struct world_end *e)
{
	int h;

	if (has_both(w, e, e->at.hub))
		return e->at.hub;
	if (has_both(w, e, e->relay))
		return e->relay;
	for (h = 0; h < NET_HUBS && !has_both(w, e, h); h++)
		;
	return h < NET_HUBS ? h : -1;
}

/* What the network did not long ago explains that a packet is lost. */
static bool is_excused(const struct world *w, const struct net_packet *p,
		       enum net_why why)
{
	const struct net *net = &w->net;
	const struct world_site *a = &w->site[p->from], *b = &w->site[p->to];
	int64_t since = net->now - EXCUSED_MS;
	unsigned h;

	if (w->is_lossless)
		return false;
	if (a->disturbed_ms > since || b->disturbed_ms > since)
		since = INT64_MIN; /* nobody looks */
	if (net->site[p->from].cut_ms > since ||
	    net->site[p->to].cut_ms > since || net->site[p->from].is_cut ||
	    net->site[p->to].is_cut)
		return true;
	switch (why) {
	case NET_CUT:
		return net->blocked_ms[p->from][p->to] > since;
	case NET_DEAD:
		for (h = 0; h < NET_HUBS; h++)
			if (net->hub[h].down_ms > since)
				return true;
		return common_hub(w, &w->end[w->index[p->from][p->to]]) < 0;
	case NET_NAT:
		return net->nat[net->site[p->from].nat].changed_ms > since ||
		       net->nat[net->site[p->to].nat].changed_ms > since;
	default:
		return true;
	}
}

static void dropped(struct world *w, const struct net_packet *p,
		    enum net_why why)
{
	if (p->kind != NET_DATA)
		return;
	w->data[p->number].fate = WORLD_DROPPED;
	w->not_excused += !is_excused(w, p, why);
}

/* --- what the program is told */

static void say_hello(struct world *w, struct world_end *e,
		      const struct wg_hello_msg *m)
{
	struct net_packet p = {.kind = NET_HELLO,
			       .number = m->number,
			       .echo = m->echo,
			       .ms = m->ms,
			       .state = e->path.state};

	seal(w, e, &p);
}

static void hear(struct world *w, struct world_end *e,
		 const struct net_packet *p)
{
	struct wg_hello_msg m = {.kind = p->kind == NET_SWITCH
						 ? WG_HELLO_IS_SWITCH
					 : p->kind == NET_IDLE
						 ? WG_HELLO_IS_IDLE
						 : WG_HELLO_IS_HELLO,
				 .path = p->state,
				 .number = p->number,
				 .echo = p->echo,
				 .ms = p->ms},
			    answer;
	int64_t now = w->net.now;
	enum wg_hello_news news = wg_hello_hear(&e->hello, &m, now, &answer);
	enum wg_path_state other =
		wg_hello_is_latest(&e->hello, &m) ? m.path : e->path.other;

	switch (news) {
	case WG_HELLO_QUESTION:
		wg_path_heard(&e->path, other, false, 0, now);
		say_hello(w, e, &answer);
		break;
	case WG_HELLO_ANSWER:
		wg_path_heard(&e->path, other, true, e->hello.took_ms, now);
		break;
	case WG_HELLO_OTHER:
		if (p->kind == NET_SWITCH)
			wg_path_switched(&e->path, &p->place, now);
		else
			wg_path_idled(&e->path, now);
		break;
	default:
		break;
	}
}

static void probed(struct world *w, struct world_end *e,
		   const struct net_packet *p)
{
	struct net_packet pong = {.kind = NET_PROBE,
				  .from = e->from,
				  .to = e->to,
				  .hub = -1,
				  .dst = p->src,
				  .place = p->src,
				  .id = p->id,
				  .is_pong = true};
	int64_t now = w->net.now;
	unsigned i;

	if (!p->is_pong) {
		if (!wg_path_answers(&e->path))
			return;
		net_send(&w->net, &pong);
		wg_path_pinged(&e->path, &p->src, now);
		return;
	}
	for (i = 0; i < WORLD_PINGS; i++) {
		if (e->ping[i].id != p->id ||
		    now - e->ping[i].at_ms > PONG_MS ||
		    !wg_endpoint_same(&e->ping[i].to, &p->src))
			continue;
		e->ping[i].id = 0;
		wg_path_pong(&e->path, &p->src, &p->place,
			     now - e->ping[i].at_ms, now);
	}
}

static void called(struct world *w, struct world_end *e,
		   const struct wg_path_call *said)
{
	const struct world_site *s = &w->site[e->from];
	struct wg_path_call call = *said;

	call.n = wg_places_fit(said->places, said->n, s->candidates,
			       s->n_candidates, call.places);
	wg_path_called(&e->path, &call, w->net.now);
}

static void receive(struct world *w, struct net_packet *p)
{
	struct world_site *s = &w->site[p->to];
	struct world_end *e = find(w, p->to, p->from);

	if (!p->is_taken && p->kind != NET_PROBE && p->kind != NET_CALL)
		opened(w, p);
	p->is_taken = true;
	if (p->kind == NET_DATA || s->is_away)
		return;
	if (s->until_ms > w->net.now) {
		net_tell(&w->net, p, s->until_ms - w->net.now);
		return;
	}
	if (p->kind == NET_PROBE)
		probed(w, e, p);
	else if (p->kind == NET_CALL)
		called(w, e, &p->call);
	else
		hear(w, e, p);
	wg_path_check(&e->path);
	e->due_ms = w->net.now;
}

/* --- what the program does */

static void say_call(struct world *w, struct world_end *e,
		     const struct wg_path_act *act)
{
	const struct world_site *s = &w->site[e->from];
	struct net *net = &w->net;
	struct net_packet p = {
		.kind = NET_CALL,
		.from = e->from,
		.to = e->to,
		.call = {act->call.id,
			 act->call.start_ms,
			 act->call.is_answer,
			 act->call.has_places ? s->n_candidates : 0,
			 {}},
	};
	int h = common_hub(w, e);

	memcpy(p.call.places, s->candidates, sizeof(s->candidates));
	if (!act->call.by_hub) {
		p.call.is_answer = true;
		p.call.n = net->nat[net->site[e->to].nat].kind == NET_NONE;
		p.call.places[0] = net_private(net, e->to);
		called(w, e, &p.call);
		return;
	}
	if (h < 0)
		return;
	if (net->hub[h].is_liar && net_below(net, 3) == 0)
		p.call.places[0] = net_victim(1 + net_below(net, 100));
	net_tell(net, &p,
		 net->site[e->from].delay_ms + 2 * net->hub[h].delay_ms +
			 net->site[e->to].delay_ms);
}

static void set(struct world_end *e)
{
	const struct wg_endpoint *at = wg_path_endpoint(&e->path);

	e->at.hub = at ? -1 : e->relay;
	if (at)
		e->at.direct = *at;
}

static void ping(struct world *w, struct world_end *e,
		 const struct wg_endpoint *to)
{
	struct net_packet p = {.kind = NET_PROBE,
			       .from = e->from,
			       .to = e->to,
			       .hub = -1,
			       .dst = *to};
	unsigned i = e->pings++ % WORLD_PINGS;

	p.id = e->ping[i].id = w->net.rnd | 1;
	net_below(&w->net, 2);
	e->ping[i].at_ms = w->net.now;
	e->ping[i].to = *to;
	net_send(&w->net, &p);
}

static void act(struct world *w, struct world_end *e,
		const struct wg_path_act *a)
{
	struct net_packet p = {.place = a->place};
	struct wg_hello_msg m;

	switch (a->what) {
	case WG_PATH_TELL:
		w->direct += e->path.state == WG_PATH_DIRECT;
		w->losses += e->path.state == WG_PATH_RETURNING &&
			     e->path.why == WG_PATH_WHY_LOST;
		w->unsettled += e->path.state == WG_PATH_RETURNING &&
				e->path.why == WG_PATH_WHY_NO_SETTLE;
		break;
	case WG_PATH_CALL:
		say_call(w, e, a);
		break;
	case WG_PATH_PING:
		ping(w, e, &a->place);
		break;
	case WG_PATH_SWITCH:
	case WG_PATH_IDLE:
		p.kind = a->what == WG_PATH_IDLE ? NET_IDLE : NET_SWITCH;
		wg_hello_say(&e->hello, WG_HELLO_IS_SWITCH, w->net.now, &m);
		p.number = m.number;
		seal(w, e, &p);
		break;
	case WG_PATH_HELLO:
		wg_hello_ask(&e->hello, a->on ? WG_HELLO_OFTEN_MS : 0,
			     w->net.now);
		break;
	case WG_PATH_SET:
		set(e);
		break;
	case WG_PATH_WATCH:
		break;
	}
}

static void work(struct world *w, struct world_end *e)
{
	int64_t now = w->net.now, due, hello;
	struct wg_hello_msg m;
	struct wg_path_act a;

	if (wg_hello_tick(&e->hello, now, &m))
		say_hello(w, e, &m);
	if (e->hello.state == WG_HELLO_IS_LOST && e->hello.lost > e->lost)
		wg_path_lost(&e->path, now);
	e->lost = e->hello.lost;
	while (wg_path_next(&e->path, now, &a)) {
		act(w, e, &a);
		wg_path_check(&e->path);
	}
	due = wg_path_due(&e->path);
	hello = wg_hello_due(&e->hello);
	e->due_ms = due < 0 ? INT64_MAX : due;
	if (hello >= 0 && hello < e->due_ms)
		e->due_ms = hello;
}

/* The device is read; what is astray goes back. */
static void read_device(struct world *w, struct world_end *e)
{
	const struct wg_endpoint relay = {.addr = {AF_INET6, {0xfd}},
					  .port = 1};
	bool is_relay = e->at.hub >= 0;

	wg_path_device(&e->path, is_relay ? &relay : &e->at.direct, is_relay,
		       w->net.now);
	e->due_ms = w->net.now;
	if (is_relay || wg_path_allows(&e->path, &e->at.direct))
		return;
	w->putbacks++;
	set(e);
}

static void begin_program(struct world *w, struct world_end *e)
{
	struct wg_path_conf conf = {e->from < e->to, WG_PATH_ON_DEMAND,
				    WORLD_IDLE_MS, true};
	struct wg_endpoint direct = e->at.direct;
	int64_t now = w->net.now;

	wg_path_init(&e->path, &conf, w->net.rnd, &direct, e->at.hub >= 0, now);
	net_below(&w->net, 2);
	wg_hello_init(&e->hello, (now + w->site[e->from].wall_ms) / NUMBER_MS,
		      now);
	e->lost = e->pings = 0;
	memset(e->ping, 0, sizeof(e->ping));
	e->due_ms = now;
}

/* --- the site */

static void look_at_links(struct world *w, unsigned i)
{
	struct world_site *s = &w->site[i];
	struct net *net = &w->net;
	unsigned h;

	for (h = 0; h < NET_HUBS; h++) {
		bool is = !net->site[i].is_cut && !net->hub[h].is_down;

		if (is != s->has_link[h])
			s->link_ms[h] = net->now;
		s->has_link[h] = is;
		if (s->is_away)
			s->is_connected[h] = false;
		else if (net->now - s->link_ms[h] >= (is ? 300 : 700))
			s->is_connected[h] = is;
	}
}

static void look_at_candidates(struct world *w, unsigned i)
{
	struct world_site *s = &w->site[i];
	struct wg_endpoint v[WG_PLACES_TOLD] = {net_private(&w->net, i)};
	unsigned h, n = 1;

	for (h = 0; h < NET_HUBS; h++) {
		struct net_packet p = {
			.from = i, .to = i, .hub = h, .kind = NET_IDLE};

		net_send(&w->net, &p); /* a keepalive */
		if (s->is_connected[h])
			v[n++] = net_seen(&w->net, i, h);
	}
	if (n == s->n_candidates &&
	    memcmp(v, s->candidates, n * sizeof(*v)) == 0)
		return;
	memcpy(s->candidates, v, sizeof(v));
	s->n_candidates = n;
	for (h = 0; h < 2 * WORLD_PAIRS; h++)
		if (w->end[h].from == i && !s->is_away) {
			wg_path_fresh(&w->end[h].path, w->net.now);
			w->end[h].due_ms = w->net.now;
		}
}

static void look_at_hubs(struct world *w, struct world_end *e)
{
	const struct net *net = &w->net;
	int h = common_hub(w, e);

	if (h >= 0)
		e->relay = h;
	if (h >= 0 && e->at.hub >= 0 && !wg_path_endpoint(&e->path))
		e->at.hub = h;
	wg_path_hub(&e->path, h >= 0,
		    h < 0 ? 0
			  : 2 * (net->site[e->from].delay_ms +
				 net->hub[h].delay_ms),
		    net->now);
	e->due_ms = net->now;
}

static void turn(struct world *w, unsigned i)
{
	struct world_site *s = &w->site[i];
	int64_t now = w->net.now;
	unsigned k;

	if (s->is_away && now >= s->until_ms) {
		s->is_away = false;
		for (k = 0; k < 2 * WORLD_PAIRS; k++)
			if (w->end[k].from == i)
				begin_program(w, &w->end[k]);
		for (k = 0; k < NET_HUBS; k++)
			s->link_ms[k] = now + net_below(&w->net, 1700);
	}
	if ((now + 37 * i) % 50 == 0)
		look_at_links(w, i);
	if ((now + 37 * i) % 1000 == 0)
		look_at_candidates(w, i);
}

static void turn_end(struct world *w, struct world_end *e)
{
	const struct world_site *s = &w->site[e->from];
	int64_t now = w->net.now;

	if (e->gap_ms && now >= e->data_ms && now < e->until_ms)
		send_data(w, e);
	if (s->is_away || s->until_ms > now)
		return;
	if ((now + 13 * (e - w->end)) % 50 == 0)
		look_at_hubs(w, e);
	if ((now + 131 * e->from) % READING_MS == 0)
		read_device(w, e);
	if (e->due_ms <= now)
		work(w, e);
}

void world_run(struct world *w, int64_t ms)
{
	int64_t end = w->net.now + ms;
	struct net_packet *p;
	enum net_why why;
	unsigned i;

	for (; w->net.now < end; w->net.now++) {
		while ((p = net_next(&w->net, &why))) {
			if (p->from == p->to)
				; /* a keepalive that was lost */
			else if (why != NET_WHYS)
				dropped(w, p, why);
			else
				receive(w, p);
			free(p);
		}
		for (i = 0; i < NET_SITES; i++)
			turn(w, i);
		for (i = 0; i < 2 * WORLD_PAIRS; i++)
			turn_end(w, &w->end[i]);
	}
}

/* --- life, and what happens to it */

void world_begin(struct world *w, uint64_t seed, bool is_lossless)
{
	unsigned i, k, a, b;

	memset(w, 0, sizeof(*w));
	net_begin(&w->net, seed);
	w->is_lossless = is_lossless;
	w->net.jitter_ms = 2 + net_below(&w->net, 10);
	for (i = 0; i < NET_SITES; i++)
		w->site[i].disturbed_ms = INT64_MIN;
	for (i = 0; i < WORLD_PAIRS;) {
		a = net_below(&w->net, NET_SITES);
		b = net_below(&w->net, NET_SITES);
		for (k = 0; k < 2 * i; k++)
			if (w->end[k].from == a && w->end[k].to == b)
				break;
		if (a == b || k < 2 * i)
			continue;
		w->end[2 * i] = (struct world_end){.from = a, .to = b};
		w->end[2 * i + 1] = (struct world_end){.from = b, .to = a};
		w->index[a][b] = 2 * i;
		w->index[b][a] = 2 * i + 1;
		begin_program(w, &w->end[2 * i]);
		begin_program(w, &w->end[2 * i + 1]);
		i++;
	}
	world_run(w, 2000); /* all are connected, and known to the hubs */
}

void world_end(struct world *w)
{
	net_end(&w->net);
	free(w->data);
}

void world_disturb(struct world *w, unsigned site, bool is_away, int64_t ms)
{
	struct world_site *s = &w->site[site];

	s->is_away |= is_away;
	s->until_ms = w->net.now + ms;
	s->disturbed_ms = s->until_ms;
	w->restarts += is_away;
}

void world_mode(struct world *w, unsigned end, enum wg_path_mode mode)
{
	struct wg_path *p = &w->end[end].path;
	struct wg_path_conf conf = p->conf;

	conf.mode = mode;
	wg_path_conf_set(p, &conf, w->net.now);
	w->end[end].due_ms = w->net.now;
}
