/*
** pump.h - all that moves calls on and needs no Lua.
*/
#ifndef CEL_PUMP_H
#define CEL_PUMP_H

#include "engine/queue.h"

/* Sends what may be sent: queued calls, and those that have waited for their
   next attempt. Ends no exchange. */
void cel_client_send(cel_client *c);

/* Seconds until the client wants a turn, negative for never. */
double cel_client_wait(const cel_client *c);

/* One turn: sends what may be sent, waits up to `seconds` for the network,
   reads what has come and ends what has lasted too long. Comes back early when
   a call becomes READY, or when a signal arrives (false then). */
bool cel_client_turn(cel_client *c, double seconds);

/* Reads how the exchange has ended, into the call's attempt. */
void cel_call_read_outcome(cel_call *c);

/* What to do about an outcome. A prefetched page may fail because nobody was
   there to read it: its repeat is free, even where retries are off. */
cel_decision cel_call_decide(const cel_call *c);

/* Queues the call for its next attempt, after the decision's wait. */
void cel_call_send_later(cel_call *c, const cel_decision *d);

#endif
