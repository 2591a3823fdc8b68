// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "monotime.h"

#include "frr-wgd/base/wgd_clock.h"

int64_t wgd_now_us(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * INT64_C(1000000) + tv.tv_usec;
}

int64_t wgd_cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

int64_t wgd_now_ms(void)
{
	return wgd_now_us() / 1000;
}
