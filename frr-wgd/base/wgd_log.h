/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log files that somebody moves away, logrotate say. */
#ifndef WGD_LOG_H
#define WGD_LOG_H

extern void wgd_log_init(void);
extern void wgd_log_finish(void);
/* Open all log files anew: what SIGUSR1 asks of FRR's daemons. */
extern void wgd_log_rotate(void);

#endif
