"""SQL: functions (session, ...) -> values."""
