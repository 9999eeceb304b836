-- When a channel last took something, among years of deliveries.

create index alert_delivery_taken on platform.alert_delivery (channel, done_at desc) where state in ('sent', 'digested');
