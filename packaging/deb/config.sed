# Makes of config.example.toml the one that suits the package's folders.
s|^# Copy this file to config.toml.*|# Copy this file to /etc/settlement-bridge/config.toml. The secrets go into files beside it, which only root reads.|
s|^client_secret = "\.\.\."$|#&|
s|^#\(client_secret_file = \)|\1|
s|^subscription_key = "\.\.\."$|#&|
s|^#\(subscription_key_file = \)|\1|
s|^url = "sqlite:///state\.db"$|url = "sqlite:////var/lib/settlement-bridge/state.db"|
