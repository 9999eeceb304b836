-- Pages of images, products and verdicts, newest first, in time that does not grow with the years.

create index current_image on platform.current_product (product_id desc)
    where kind in ('continuum_image', 'quicklook_image');
create index product_by_kind_id on platform.product (kind, product_id desc);
create index product_of_partition on platform.product (partition, product_id desc);
create index verdict_of_metric on platform.verdict (stage, metric, verdict_id desc);
create index verdict_not_passed on platform.verdict (lower(level), verdict_id desc) where lower(level) <> 'pass';
