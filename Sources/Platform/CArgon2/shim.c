int apus_argon2_placeholder(void) { return 0; }
