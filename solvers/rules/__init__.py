"""The rule engines that shops and order management systems ship."""
