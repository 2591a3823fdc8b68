/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many packets with numbers, and which of them did not come.
 *
 *   flood send ADDRESS RATE     so many a second, until standard input ends;
 *                               prints {"sent": n}
 *   flood take                  takes them, until standard input ends; prints
 *                               {"came": n, "twice": n, "late": n, "holes":
 *                               [[first number, how many], ...]}: at most 50
 *                               holes, without those behind the last that came;
 *                               late: less than one that came before
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 7002
#define BYTES 200
#define BATCH 64
#define MOST (1u << 26) /* numbers */
#define HOLES 50

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int is_over(int ms)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char c;

	return poll(&in, 1, ms) > 0 && read(STDIN_FILENO, &c, 1) <= 0;
}

static int send_all(const char *address, double rate)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int64_t began = now_us();
	uint8_t b[BYTES] = {};
	uint32_t n = 0, number;

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	while (!is_over(1)) {
		while (n < (now_us() - began) * rate / 1e6 && n < MOST) {
			number = htonl(n);
			memcpy(b, &number, sizeof(number));
			if (send(fd, b, sizeof(b), 0) >= 0 || errno != EAGAIN)
				n++;
		}
	}
	printf("{\"sent\": %u}\n", n);
	return 0;
}

static int take_all(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(PORT)};
	static uint8_t b[BATCH][BYTES];
	struct mmsghdr msg[BATCH] = {};
	struct iovec iov[BATCH];
	uint8_t *seen = calloc(1, MOST);
	uint32_t number, last = 0, came = 0, twice = 0, late = 0, holes = 0, i;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 64 << 20, n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (!seen || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return 1;
	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){b[i], BYTES};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0 && is_over(1))
			break;
		for (i = 0; n > 0 && i < (uint32_t)n; i++) {
			memcpy(&number, b[i], sizeof(number));
			number = ntohl(number);
			if (number >= MOST)
				continue;
			came++;
			twice += seen[number];
			late += number < last;
			seen[number] = 1;
			last = number > last ? number : last;
		}
	}
	printf("{\"came\": %u, \"twice\": %u, \"late\": %u, \"last\": %u, "
	       "\"holes\": [",
	       came, twice, late, last);
	for (i = 0; i < last && holes < HOLES; i++) {
		uint32_t first = i;

		while (i < last && !seen[i])
			i++;
		if (i > first)
			printf("%s[%u, %u]", holes++ ? ", " : "", first,
			       i - first);
	}
	printf("]}\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "send") == 0)
		return send_all(argv[2], atof(argv[3]));
	if (argc == 2 && strcmp(argv[1], "take") == 0)
		return take_all();
	fprintf(stderr, "usage: flood send ADDRESS RATE | take\n");
	return 2;
}
