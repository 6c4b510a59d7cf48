"""What Telegraf reads of an instance."""
