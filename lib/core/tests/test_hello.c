/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hellos: who answers, who is lost, and who lies. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/core/wg_hello.h"

#ifndef SEED
#define SEED 1
#endif

#define RTT_MS 40
#define UNDER_WAY 64

static struct wg_hello h;
static int64_t now;

static int setup(void **state)
{
	now = 1000;
	wg_hello_init(&h, 100, now);
	return 0;
}

/* --- an end that answers as a member does */

static uint32_t theirs = 5000; /* its number */

static struct wg_hello_msg answer_to(const struct wg_hello_msg *q)
{
	return (struct wg_hello_msg){.kind = WG_HELLO_IS_HELLO,
				     .number = ++theirs,
				     .echo = q->number};
}

static enum wg_hello_news hear(struct wg_hello_msg m)
{
	struct wg_hello_msg answer;
	enum wg_hello_news news = wg_hello_hear(&h, &m, now, &answer);

	wg_hello_check(&h);
	return news;
}

/* To its next question; false: there was none within so long. */
static bool ask(int64_t within, struct wg_hello_msg *ret)
{
	int64_t end = now + within, due;

	for (;;) {
		due = wg_hello_due(&h);
		if (due < 0 || due > end) {
			now = end;
			return false;
		}
		if (due > now)
			now = due;
		if (wg_hello_tick(&h, now, ret)) {
			wg_hello_check(&h);
			return true;
		}
		wg_hello_check(&h);
	}
}

static void ask_and_answer(void)
{
	struct wg_hello_msg q;

	assert_true(ask(WG_HELLO_SELDOM_MS, &q));
	now += RTT_MS;
	assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
}

static void make_alive(void)
{
	unsigned i;

	wg_hello_ask(&h, WG_HELLO_OFTEN_MS, now);
	for (i = 0; i < 5; i++)
		ask_and_answer();
	assert_int_equal(h.state, WG_HELLO_ALIVE);
}

/* Until it is lost, without an answer; ms. */
static int64_t lose(void)
{
	int64_t from = now;
	struct wg_hello_msg q;
	unsigned n = 0;

	while (h.state != WG_HELLO_IS_LOST && n++ < 100)
		ask(50, &q);
	assert_int_equal(h.state, WG_HELLO_IS_LOST);
	return now - from;
}

static void test_alive(void **state)
{
	struct wg_hello_msg q;

	assert_int_equal(wg_hello_due(&h), -1);
	make_alive();
	assert_int_equal(h.rtt_ms, RTT_MS);
	assert_int_equal(h.answered, 5);
	assert_int_equal(h.lost, 0);
	assert_true(ask(WG_HELLO_OFTEN_MS, &q));
	assert_int_equal(q.number, 106);
	assert_int_equal(q.echo, 0);
}

static void test_lost(void **state)
{
	int64_t took;

	make_alive();
	took = lose();
	assert_true(took >= WG_HELLO_LOST * WG_HELLO_WAIT_MS - RTT_MS);
	assert_true(took <= (WG_HELLO_LOST + 1) * WG_HELLO_OFTEN_MS);
}

/* Asked every 50 ms it is found dead in less than 250. */
static void test_hurry(void **state)
{
	struct wg_hello_msg q;
	int64_t took;
	unsigned i;

	wg_hello_hurry(&h, 25);
	wg_hello_ask(&h, 50, now);
	for (i = 0; i < 20; i++) {
		assert_true(ask(50, &q));
		now += 10;
		assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
	}
	assert_int_equal(h.state, WG_HELLO_ALIVE);
	for (took = 0; h.state != WG_HELLO_IS_LOST && took < 1000; took += 5)
		ask(5, &q);
	assert_in_range(took, WG_HELLO_LOST * 50, 249);
}

/* Two that ask each other so often hear all of it. */
static void test_hurry_both(void **state)
{
	struct wg_hello_msg q, theirs_q = {.kind = WG_HELLO_IS_HELLO};
	unsigned i;

	wg_hello_hurry(&h, 25);
	wg_hello_ask(&h, 50, now);
	for (i = 0; i < 1000; i++) {
		assert_true(ask(50, &q));
		assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
		theirs_q.number = ++theirs;
		assert_int_equal(hear(theirs_q), WG_HELLO_QUESTION);
	}
	assert_int_equal(h.refused, 0);
}

static void test_two_lost_are_none(void **state)
{
	struct wg_hello_msg q;
	unsigned i;

	make_alive();
	for (i = 0; i < 50; i++) {
		assert_true(ask(WG_HELLO_OFTEN_MS, &q));
		assert_true(ask(WG_HELLO_OFTEN_MS, &q));
		ask_and_answer();
		assert_int_equal(h.state, WG_HELLO_ALIVE);
	}
	assert_int_equal(h.lost, 100);
}

/* One answer is not enough, and the more often it is lost the less so. */
static void test_returns(void **state)
{
	unsigned need = WG_HELLO_BACK, i, times;
	struct wg_hello_msg q;

	make_alive();
	for (times = 0; times < 8; times++) {
		lose();
		for (i = 0; h.state != WG_HELLO_ALIVE; i++)
			ask_and_answer();
		/* it was alive for less than WG_HELLO_FLAP_MS each time */
		need = need * 2 < WG_HELLO_BACK_MAX ? need * 2
						    : WG_HELLO_BACK_MAX;
		assert_int_equal(i, need);
	}
	/* one that is lost meanwhile, and it begins anew */
	lose();
	ask_and_answer();
	assert_int_equal(h.state, WG_HELLO_RETURNING);
	assert_true(ask(WG_HELLO_SELDOM_MS, &q));
	ask(WG_HELLO_WAIT_MS, &q);
	ask(WG_HELLO_WAIT_MS, &q);
	assert_int_equal(h.state, WG_HELLO_IS_LOST);
}

static void test_returns_after_long(void **state)
{
	int64_t end;
	unsigned i;

	make_alive();
	for (end = now + WG_HELLO_FLAP_MS; now < end;)
		ask_and_answer();
	lose();
	for (i = 0; h.state != WG_HELLO_ALIVE; i++)
		ask_and_answer();
	assert_int_equal(i, WG_HELLO_BACK);
}

/* Who never answered is alive by the first one: nothing flapped. */
static void test_first_answer(void **state)
{
	wg_hello_ask(&h, WG_HELLO_OFTEN_MS, now);
	lose();
	ask_and_answer();
	assert_int_equal(h.state, WG_HELLO_ALIVE);
}

/* A satellite: three are under way before the first is answered. */
static void test_far(void **state)
{
	struct {
		struct wg_hello_msg q;
		int64_t at;
	} way[UNDER_WAY];
	unsigned n = 0, i, k;
	struct wg_hello_msg q;

	wg_hello_ask(&h, WG_HELLO_OFTEN_MS, now);
	for (i = 0; i < 3000; i++) {
		now += 10;
		for (k = 0; k < n; k++)
			if (way[k].at <= now) {
				hear(answer_to(&way[k].q));
				way[k] = way[--n];
			}
		if (wg_hello_tick(&h, now, &q)) {
			way[n].q = q;
			way[n++].at = now + 900;
		}
		wg_hello_check(&h);
		assert_int_not_equal(h.state, WG_HELLO_IS_LOST);
	}
	assert_int_equal(h.state, WG_HELLO_ALIVE);
	assert_true(h.rtt_ms >= 900 && h.rtt_ms <= 910);
}

/* The first one waited for a handshake: that is not how far it is. */
static void test_first_waits(void **state)
{
	struct wg_hello_msg q;
	unsigned i;

	wg_hello_ask(&h, WG_HELLO_SELDOM_MS, now);
	assert_true(ask(0, &q));
	now += 5000;
	assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
	assert_int_equal(h.rtt_ms, 5000);
	ask_and_answer();
	assert_int_equal(h.rtt_ms, RTT_MS);
	/* later ones are smoothed */
	for (i = 0; i < 5; i++)
		ask_and_answer();
	assert_true(ask(WG_HELLO_SELDOM_MS, &q));
	assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
	assert_int_equal(h.rtt_ms, RTT_MS * 7 / 8);
}

/* An answer that comes late is one, and from then on we wait longer. */
static void test_late(void **state)
{
	struct wg_hello_msg q[3];
	unsigned i;

	make_alive();
	for (i = 0; i < 3; i++)
		assert_true(ask(WG_HELLO_OFTEN_MS, &q[i]));
	/* the first two are lost, and then all come */
	for (i = 0; i < 3; i++)
		assert_int_equal(hear(answer_to(&q[i])), WG_HELLO_ANSWER);
	assert_int_equal(h.lost, 2);
	assert_int_equal(h.state, WG_HELLO_ALIVE);
	assert_true(h.rtt_ms > RTT_MS);
}

/* We stood still: what we did not listen to is not held against it. */
static void test_we_stood_still(void **state)
{
	struct wg_hello_msg q;
	unsigned i;

	make_alive();
	for (i = 0; i < 20; i++) {
		assert_true(ask(WG_HELLO_OFTEN_MS, &q));
		now += 5000;
		wg_hello_tick(&h, now, &q);
		wg_hello_check(&h);
		assert_int_not_equal(h.state, WG_HELLO_IS_LOST);
		ask_and_answer();
	}
	/* but it is found dead after that, too */
	now += 5000;
	lose();
}

/* --- order */

static void test_twice_and_overtaken(void **state)
{
	struct wg_hello_msg q[2], a[2];

	make_alive();
	assert_true(ask(WG_HELLO_OFTEN_MS, &q[0]));
	a[0] = answer_to(&q[0]);
	assert_int_equal(hear(a[0]), WG_HELLO_ANSWER);
	assert_int_equal(hear(a[0]), WG_HELLO_OLD);
	/* the same answer under another number */
	assert_int_equal(hear(answer_to(&q[0])), WG_HELLO_UNASKED);
	assert_true(ask(WG_HELLO_OFTEN_MS, &q[0]));
	assert_true(ask(WG_HELLO_OFTEN_MS, &q[1]));
	a[0] = answer_to(&q[0]);
	a[1] = answer_to(&q[1]);
	assert_int_equal(hear(a[1]), WG_HELLO_ANSWER);
	assert_int_equal(hear(a[0]), WG_HELLO_ANSWER); /* see test_hello_pair */
}

static void test_numbers_are_a_circle(void **state)
{
	struct wg_hello_msg m = {.kind = WG_HELLO_IS_HELLO,
				 .number = UINT32_MAX - 1};

	assert_int_equal(hear(m), WG_HELLO_QUESTION);
	m.number = UINT32_MAX;
	assert_int_equal(hear(m), WG_HELLO_QUESTION);
	m.number = 1;
	assert_int_equal(hear(m), WG_HELLO_QUESTION);
	m.number = UINT32_MAX - 20;
	assert_int_equal(hear(m), WG_HELLO_OLD);
	h.number = UINT32_MAX;
	make_alive(); /* no question has number 0, which would be none */
	assert_int_equal(h.number, 5);
}

/* All kinds are numbered together, and an older one counts no more. */
static void test_other_kinds(void **state)
{
	struct wg_hello_msg m, answer;

	wg_hello_say(&h, WG_HELLO_IS_IDLE, now, &m);
	assert_int_equal(m.kind, WG_HELLO_IS_IDLE);
	assert_int_equal(m.number, 101);
	m.number = 7;
	assert_int_equal(wg_hello_hear(&h, &m, now, &answer), WG_HELLO_OTHER);
	m.kind = WG_HELLO_IS_HELLO;
	assert_int_equal(wg_hello_hear(&h, &m, now, &answer), WG_HELLO_OLD);
}

/* It started anew, and its clock was set back. */
static void test_begins_below(void **state)
{
	struct wg_hello_msg m = {.kind = WG_HELLO_IS_HELLO, .number = 5000};

	assert_int_equal(hear(m), WG_HELLO_QUESTION);
	m.number = 7;
	now += WG_HELLO_FORGET_MS - 1;
	assert_int_equal(hear(m), WG_HELLO_OLD);
	now++;
	assert_int_equal(hear(m), WG_HELLO_QUESTION);
}

/* --- who lies */

/* It answers what was not asked: nothing of it is a sign of life. */
static void test_lies_do_not_keep_it_alive(void **state)
{
	struct wg_hello_msg q, lie = {.kind = WG_HELLO_IS_HELLO};
	unsigned i, n;

	make_alive();
	for (n = 0; h.state == WG_HELLO_ALIVE && n < 100; n++) {
		ask(40, &q);
		for (i = 0; i < 3; i++) {
			lie.number = ++theirs;
			/* long ago, never, and not yet */
			lie.echo = i == 0 ? 101 : i == 1 ? 1 : h.number + 1;
			assert_int_not_equal(hear(lie), WG_HELLO_ANSWER);
		}
	}
	assert_int_equal(h.state, WG_HELLO_IS_LOST);
}

/* It is lost, answers once and is silent, and so on: that is told once. */
static void test_news_are_few(void **state)
{
	enum wg_hello_state before, asked;
	struct wg_hello_msg q;
	unsigned news = 0, changes = 0, n;

	make_alive();
	for (n = 0; n < 2000; n++) {
		wg_hello_ask(&h,
			     h.state == WG_HELLO_IS_LOST ? WG_HELLO_SELDOM_MS
							 : WG_HELLO_OFTEN_MS,
			     now);
		before = h.state;
		if (!ask(WG_HELLO_SELDOM_MS, &q))
			continue;
		asked = h.state;
		if (asked == WG_HELLO_IS_LOST)
			assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
		changes += (before != asked) + (asked != h.state);
		news += wg_hello_is_news(before, asked) +
			wg_hello_is_news(asked, h.state);
	}
	assert_true(changes > 100);
	assert_int_equal(news, 1);
	/* that it is back is told */
	while (h.state != WG_HELLO_ALIVE) {
		before = h.state;
		ask_and_answer();
	}
	assert_true(wg_hello_is_news(before, h.state));
}

static void test_flood(void **state)
{
	struct wg_hello_msg m = {.kind = WG_HELLO_IS_HELLO};
	unsigned answers = 0, i;

	for (i = 0; i < 10000; i++) { /* a second */
		now = 1000 + i / 10;
		m.number = ++theirs;
		answers += hear(m) == WG_HELLO_QUESTION;
	}
	assert_int_equal(answers, WG_HELLO_BURST + 1000 / WG_HELLO_EVERY_MS - 1);
	assert_int_equal(h.refused, 10000 - answers);
}

/* --- a few questions */

static void test_call(void **state)
{
	struct wg_hello_msg q;
	unsigned n;

	wg_hello_call(&h, 5, 20, now);
	assert_int_equal(wg_hello_due(&h), now + 20);
	for (n = 0; ask(5000, &q); n++)
		;
	assert_int_equal(n, 5);
	assert_int_equal(h.state, WG_HELLO_UNKNOWN); /* nothing follows */
	wg_hello_call(&h, 5, 20, now);
	assert_true(ask(100, &q));
	assert_int_equal(hear(answer_to(&q)), WG_HELLO_ANSWER);
	assert_false(ask(5000, &q));
	assert_int_equal(wg_hello_due(&h), -1);
}

static void test_stop(void **state)
{
	struct wg_hello_msg q;

	make_alive();
	wg_hello_ask(&h, 0, now);
	assert_int_equal(h.state, WG_HELLO_UNKNOWN);
	assert_false(ask(5000, &q));
	/* a call is not ended by nobody asking */
	wg_hello_call(&h, 3, 0, now);
	wg_hello_ask(&h, 0, now);
	assert_true(ask(5000, &q));
}

/* --- worlds: what is sent is lost, doubled, late, overtaken */

static uint64_t rnd_state;

static unsigned rnd(unsigned n)
{
	rnd_state = rnd_state * 6364136223846793005u + 1442695040888963407u;
	return (rnd_state >> 33) % n;
}

struct packet {
	int64_t at;
	bool is_ours;
	struct wg_hello_msg m;
};

static struct packet way[UNDER_WAY];
static unsigned n_way;

static void send_over(const struct wg_hello_msg *m, bool is_ours,
		      unsigned loss)
{
	unsigned copies = rnd(100) < loss ? 0 : 1 + (rnd(20) == 0);

	while (copies-- && n_way < UNDER_WAY)
		way[n_way++] = (struct packet){now + 1 + rnd(120), is_ours,
					       *m};
}

/*
 * Two honest ends.  What holds whatever happens: between the two states `alive`
 * and `lost` there is a silence of WG_HELLO_LOST questions at least, and with
 * no loss at all nobody is ever lost.
 */
static void play(unsigned loss)
{
	struct wg_hello other;
	int64_t answered = 0, end;
	unsigned k;

	n_way = 0;
	setup(NULL);
	wg_hello_init(&other, rnd(1u << 31), now);
	wg_hello_ask(&h, rnd(2) ? WG_HELLO_OFTEN_MS : WG_HELLO_SELDOM_MS, now);
	for (end = now + 60000; now < end; now += 1 + rnd(30)) {
		enum wg_hello_state before = h.state;
		struct wg_hello_msg m;

		for (k = 0; k < n_way;) {
			struct packet p = way[k];

			if (p.at > now) {
				k++;
				continue;
			}
			way[k] = way[--n_way];
			if (p.is_ours &&
			    wg_hello_hear(&other, &p.m, now, &m) ==
				    WG_HELLO_QUESTION)
				send_over(&m, false, loss);
			else if (!p.is_ours &&
				 wg_hello_hear(&h, &p.m, now, &m) ==
					 WG_HELLO_ANSWER)
				answered = now;
		}
		if (wg_hello_tick(&h, now, &m))
			send_over(&m, true, loss);
		wg_hello_check(&h);
		wg_hello_check(&other);
		if (before == WG_HELLO_ALIVE && h.state == WG_HELLO_IS_LOST)
			assert_true(now - answered >=
				    (WG_HELLO_LOST - 1) * WG_HELLO_OFTEN_MS);
	}
	if (!loss)
		assert_int_equal(h.state, WG_HELLO_ALIVE);
	if (loss == 100)
		assert_int_equal(h.state, WG_HELLO_IS_LOST);
}

static void test_worlds(void **state)
{
	static const unsigned losses[] = {0, 0, 1, 5, 20, 50, 90, 100};
	unsigned i;

	print_message("seed %d\n", SEED);
	rnd_state = SEED;
	for (i = 0; i < 400; i++)
		play(losses[i % 8]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_alive, setup),
		cmocka_unit_test_setup(test_lost, setup),
		cmocka_unit_test_setup(test_hurry, setup),
		cmocka_unit_test_setup(test_hurry_both, setup),
		cmocka_unit_test_setup(test_two_lost_are_none, setup),
		cmocka_unit_test_setup(test_returns, setup),
		cmocka_unit_test_setup(test_returns_after_long, setup),
		cmocka_unit_test_setup(test_first_answer, setup),
		cmocka_unit_test_setup(test_far, setup),
		cmocka_unit_test_setup(test_first_waits, setup),
		cmocka_unit_test_setup(test_late, setup),
		cmocka_unit_test_setup(test_we_stood_still, setup),
		cmocka_unit_test_setup(test_twice_and_overtaken, setup),
		cmocka_unit_test_setup(test_numbers_are_a_circle, setup),
		cmocka_unit_test_setup(test_other_kinds, setup),
		cmocka_unit_test_setup(test_begins_below, setup),
		cmocka_unit_test_setup(test_lies_do_not_keep_it_alive, setup),
		cmocka_unit_test_setup(test_news_are_few, setup),
		cmocka_unit_test_setup(test_flood, setup),
		cmocka_unit_test_setup(test_call, setup),
		cmocka_unit_test_setup(test_stop, setup),
		cmocka_unit_test_setup(test_worlds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
