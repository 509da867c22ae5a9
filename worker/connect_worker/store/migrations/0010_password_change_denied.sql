-- What the directory may deny: it is remembered until it has been seen allowed again, for rights are dear to read.

ALTER TABLE connect.main_connect_user
    ADD COLUMN user_password_change_denied boolean NOT NULL DEFAULT false;
