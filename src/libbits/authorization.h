/* The owner's ticket, without which the service starts nothing for him. */
#pragma once

/* Before a call that may need it (CreateJob, AddFile, Resume, Complete, ...): asks the service once
 * per connection, and again past half the ticket's life, whether it wants one, and gets and gives
 * it. What goes wrong here is the service's to refuse, with its own code. Nothing is done for a
 * mere look. */
void authorization_renew(void);
