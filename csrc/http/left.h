/*
** left.h - what a child made by fork leaves of libcurl's: it must not ask
** libcurl for anything, not even to free its own memory. That memory stays
** reachable, so that a tool which looks for lost memory tells nothing but
** what is lost.
*/
#ifndef CEL_LEFT_H
#define CEL_LEFT_H

/* Keeps a handle of libcurl's, until the process ends; NULL is none. */
void cel_left_put(void *handle);

#endif
