/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and answers at a door.
 *
 * One table has the shapes of the datagrams; all else follows from a shape:
 * associated data are what stands before the nonce, the text is behind it, then
 * the tag.  A question has one length, so that who listens on the wire learns
 * nothing from it, and no answer is longer than one, so that nobody makes a
 * door send more to a victim than was sent to the door.
 *
 * A text has one encoding: items one after another, zeros behind those of a
 * question.  Who sends it proved only that packets to its address reach it; of
 * what it says nothing is believed before the items were checked here, and who
 * made them is for the callers to verify.  Reading costs two passes over the
 * text, and keeps nothing.
 */
#include "lib/core/wg_door_msg.h"

#include <assert.h>
#include <errno.h>

#define SEQUENCE_LEN 8
#define REFUSED_LEN (1 + SEQUENCE_LEN)
#define CERTIFICATE_LEAST 191
#define CERTIFICATE_MOST 512
#define WITNESS_LEN 349
#define DOOR_RECORD_LEN 219
#define AUTHORITY_LEN 154

/* clang-format off */
static const struct wg_door_shape shapes[WG_DOOR_KINDS] = {
	/* nonce at, text from, to, behind the tag */
	[WG_DOOR_REGISTER] = {
		WG_DOOR_HEAD + WG_KEY_LEN, WG_DOOR_TEXT, WG_DOOR_TEXT,
		WG_DOOR_COOKIE_LEN + WG_DOOR_MAC},
	[WG_DOOR_COOKIE] = {
		WG_DOOR_HEAD, WG_DOOR_COOKIE_LEN, WG_DOOR_COOKIE_LEN, 0},
	[WG_DOOR_WELCOME] = {
		WG_DOOR_HEAD, CERTIFICATE_LEAST + DOOR_RECORD_LEN,
		CERTIFICATE_MOST + DOOR_RECORD_LEN + AUTHORITY_LEN, 0},
	[WG_DOOR_REFUSED] = {WG_DOOR_HEAD, REFUSED_LEN, REFUSED_LEN, 0},
};
/* clang-format on */

#define SEALED(at, text) ((at) + WG_DOOR_NONCE + (text) + WG_DOOR_TAG)
static_assert(SEALED(WG_DOOR_HEAD + WG_KEY_LEN, WG_DOOR_TEXT) ==
		      WG_DOOR_COOKIE_AT,
	      "a question's cookie");
static_assert(WG_DOOR_COOKIE_AT + WG_DOOR_COOKIE_LEN == WG_DOOR_MAC_AT,
	      "a question's MAC");
static_assert(WG_DOOR_MAC_AT + WG_DOOR_MAC == WG_DOOR_QUESTION, "a question");
static_assert(SEALED(WG_DOOR_HEAD, WG_DOOR_ANSWER_TEXT) == WG_DOOR_ANSWER_MAX,
	      "an answer");
static_assert(CERTIFICATE_MOST + DOOR_RECORD_LEN + AUTHORITY_LEN ==
		      WG_DOOR_ANSWER_TEXT,
	      "the longest answer is a welcome");
static_assert(WG_DOOR_ANSWER_MAX <= WG_DOOR_QUESTION,
	      "no answer is longer than its question");
static_assert(SEQUENCE_LEN + CERTIFICATE_MOST + WITNESS_LEN + DOOR_RECORD_LEN <=
		      WG_DOOR_TEXT,
	      "the longest question has room");

/* --- datagrams */

const struct wg_door_shape *wg_door_shape(uint8_t kind)
{
	return kind && kind < WG_DOOR_KINDS ? &shapes[kind] : NULL;
}

size_t wg_door_datagram_len(uint8_t kind, size_t text)
{
	const struct wg_door_shape *s = wg_door_shape(kind);

	assert(s && text >= s->text_least && text <= s->text_most);
	return SEALED(s->nonce, text) + s->behind;
}

uint8_t wg_door_datagram(const uint8_t *b, size_t len, size_t *ret_text)
{
	const struct wg_door_shape *s;
	size_t around;

	if (len < WG_DOOR_HEAD || b[0] != WG_DOOR_VERSION || b[2] || b[3])
		return 0;
	s = wg_door_shape(b[1]);
	if (!s)
		return 0;
	around = SEALED(s->nonce, 0) + s->behind;
	if (len < around + s->text_least || len > around + s->text_most)
		return 0;
	*ret_text = len - around;
	return b[1];
}

void wg_door_datagram_head(uint8_t kind, uint8_t *b)
{
	memcpy(b, (uint8_t[]){WG_DOOR_VERSION, kind, 0, 0}, WG_DOOR_HEAD);
}

/* --- texts */

static uint8_t *put_item(uint8_t *p, const uint8_t *item)
{
	size_t len = wg_item_len(item);

	memcpy(p, item, len);
	return p + len;
}

/* The item at the beginning, of a kind; NULL: there is none. */
static const uint8_t *take_item(struct wg_span *text, uint8_t kind)
{
	const uint8_t *item = text->b;
	size_t len = wg_item_split(item, text->len);

	if (!len || wg_item_check_kind(item, len, kind) != WG_ITEM_OK)
		return NULL;
	text->b += len;
	text->len -= len;
	return item;
}

/* Of one member, and so of one mesh? */
static bool is_same_member(const uint8_t *a, const uint8_t *b)
{
	return memcmp(wg_item_bytes(a, WG_ITEM_MESH),
		      wg_item_bytes(b, WG_ITEM_MESH), WG_ITEM_MESH_LEN) == 0 &&
	       wg_item_number(a, WG_ITEM_MEMBER) ==
		       wg_item_number(b, WG_ITEM_MEMBER);
}

static bool is_invite(const uint8_t *certificate)
{
	return wg_item_number(certificate, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE;
}

const uint8_t *wg_door_succession(const struct wg_door_question *q)
{
	return q->proof && wg_item_kind(q->proof) == WG_ITEM_IS_WITNESS
		       ? wg_item_bytes(q->proof, WG_ITEM_SUCCESSION)
		       : q->proof;
}

/* There is a proof where the certificate is an invite, and it is of that. */
static bool is_right_proof(const struct wg_door_question *q)
{
	if (is_invite(q->certificate) != !!q->proof)
		return false;
	return !q->proof ||
	       (is_same_member(q->certificate, q->proof) &&
		memcmp(wg_item_bytes(wg_door_succession(q), WG_ITEM_KEY),
		       wg_item_bytes(q->certificate, WG_ITEM_KEY),
		       WG_KEY_LEN) == 0);
}

void wg_door_question_put(const struct wg_door_question *q,
			  uint8_t ret[WG_DOOR_TEXT])
{
	uint8_t *p = wg_item_put(ret, q->sequence, SEQUENCE_LEN);

	assert(is_right_proof(q));
	p = put_item(p, q->certificate);
	if (q->proof)
		p = put_item(p, q->proof);
	p = put_item(p, q->record);
	memset(p, 0, ret + WG_DOOR_TEXT - p);
}

static bool is_zero(const struct wg_span *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if (s->b[i])
			return false;
	return true;
}

int wg_door_question_get(const uint8_t text[WG_DOOR_TEXT],
			 struct wg_door_question *ret)
{
	struct wg_door_question q = {wg_item_get(text, SEQUENCE_LEN)};
	struct wg_span rest = {text + SEQUENCE_LEN,
			       WG_DOOR_TEXT - SEQUENCE_LEN};

	q.certificate = take_item(&rest, WG_ITEM_IS_CERTIFICATE);
	if (!q.certificate)
		return -EBADMSG;
	if (is_invite(q.certificate)) {
		q.proof = take_item(&rest, WG_ITEM_IS_SUCCESSION);
		if (!q.proof)
			q.proof = take_item(&rest, WG_ITEM_IS_WITNESS);
	}
	q.record = take_item(&rest, WG_ITEM_IS_DOOR_RECORD);
	if (!q.record || !is_right_proof(&q) ||
	    !is_same_member(q.certificate, q.record) || !is_zero(&rest))
		return -EBADMSG;
	*ret = q;
	return 0;
}

const char *wg_door_why_str(enum wg_door_why why)
{
	static const char *const names[WG_DOOR_WHYS] = {
		[WG_DOOR_INVITE_USED] = "invite-used",
		[WG_DOOR_INVITE_EXPIRED] = "invite-expired",
		[WG_DOOR_REVOKED] = "revoked",
		[WG_DOOR_SUPERSEDED] = "superseded",
		[WG_DOOR_DISPUTED] = "disputed",
		[WG_DOOR_UNKNOWN_MEMBER] = "unknown-member",
		[WG_DOOR_UNKNOWN_MESH] = "unknown-mesh",
		[WG_DOOR_FULL] = "full",
		[WG_DOOR_BUSY] = "busy",
		[WG_DOOR_OLD_SEQUENCE] = "old-sequence",
	};

	assert(why && why < WG_DOOR_WHYS);
	return names[why];
}

size_t wg_door_answer_put(const struct wg_door_answer *a,
			  uint8_t ret[WG_DOOR_ANSWER_TEXT])
{
	uint8_t *p = ret;

	switch ((enum wg_door_kind)a->kind) {
	case WG_DOOR_COOKIE:
		memcpy(p, a->cookie, WG_DOOR_COOKIE_LEN);
		p += WG_DOOR_COOKIE_LEN;
		break;
	case WG_DOOR_WELCOME:
		p = put_item(p, a->welcome.certificate);
		p = put_item(p, a->welcome.record);
		if (a->welcome.authority)
			p = put_item(p, a->welcome.authority);
		break;
	case WG_DOOR_REFUSED:
		p = wg_item_put(p, a->refused.why, 1);
		p = wg_item_put(p, a->refused.sequence, SEQUENCE_LEN);
		break;
	case WG_DOOR_REGISTER:
	case WG_DOOR_KINDS:
		assert(!"kind of an answer");
	}
	return p - ret;
}

static int get_welcome(struct wg_span rest, struct wg_door_answer *a)
{
	a->welcome.certificate = take_item(&rest, WG_ITEM_IS_CERTIFICATE);
	if (!a->welcome.certificate)
		return -EBADMSG;
	a->welcome.record = take_item(&rest, WG_ITEM_IS_DOOR_RECORD);
	if (!a->welcome.record ||
	    !is_same_member(a->welcome.certificate, a->welcome.record))
		return -EBADMSG;
	if (!rest.len)
		return 0;
	a->welcome.authority = take_item(&rest, WG_ITEM_IS_AUTHORITY);
	return a->welcome.authority && !rest.len &&
			       memcmp(wg_item_bytes(a->welcome.authority,
						    WG_ITEM_MESH),
				      wg_item_bytes(a->welcome.certificate,
						    WG_ITEM_MESH),
				      WG_ITEM_MESH_LEN) == 0
		       ? 0
		       : -EBADMSG;
}

static int get_refused(const uint8_t *b, struct wg_door_answer *a)
{
	a->refused.why = b[0];
	a->refused.sequence = wg_item_get(b + 1, SEQUENCE_LEN);
	if (!a->refused.why || a->refused.why >= WG_DOOR_WHYS ||
	    (a->refused.sequence && a->refused.why != WG_DOOR_OLD_SEQUENCE))
		return -EBADMSG;
	return 0;
}

int wg_door_answer_get(uint8_t kind, const struct wg_span *text,
		       struct wg_door_answer *ret)
{
	const struct wg_door_shape *s = wg_door_shape(kind);
	struct wg_door_answer a = {.kind = kind};
	int rc = 0;

	if (!s || kind == WG_DOOR_REGISTER || text->len < s->text_least ||
	    text->len > s->text_most)
		return -EBADMSG;
	if (kind == WG_DOOR_COOKIE)
		a.cookie = text->b;
	else if (kind == WG_DOOR_WELCOME)
		rc = get_welcome(*text, &a);
	else
		rc = get_refused(text->b, &a);
	if (rc < 0)
		return rc;
	*ret = a;
	return 0;
}
