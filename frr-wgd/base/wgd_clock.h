/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks that the daemon goes by. */
#ifndef WGD_CLOCK_H
#define WGD_CLOCK_H

#include <stdint.h>

extern int64_t wgd_now_us(void); /* monotonic */
extern int64_t wgd_now_ms(void);
extern int64_t wgd_cpu_us(void); /* of the processor, that this thread used */

#endif
