//! Mail and webhooks when a run ends, fails or says so.
