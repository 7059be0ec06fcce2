/*
** pump.h - moves calls as far as that goes without Lua.
*/
#ifndef CEL_PUMP_H
#define CEL_PUMP_H

#include "engine/queue.h"

/* Sends what may be sent and ends what has lasted too long. */
void cel_client_pump(cel_client *c);

/* Seconds until the pump or libcurl wants a turn, negative for never. */
double cel_client_wait(const cel_client *c);

/* Makes the calls READY whose transfers have news. */
void cel_client_read_news(cel_client *c);

/* Reads how the exchange has ended, into the call's attempt. */
void cel_call_read_outcome(cel_call *c);

/* What to do about an outcome. A page that was asked for ahead may be lost
   because nobody was there to read: that costs no retry, even where retries
   are off. */
cel_decision cel_call_decide(const cel_call *c);

/* Queues the call for its next attempt, after the decision's wait. */
void cel_call_send_later(cel_call *c, const cel_decision *d);

#endif
