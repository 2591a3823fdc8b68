/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder where invites and answers are put (wgd_self.h). */
#ifndef WGD_INBOX_H
#define WGD_INBOX_H

/* Have the mesh act as soon as something is put there for it; cheap. */
extern void wgd_inbox_watch(void);
extern void wgd_inbox_finish(void);

#endif
