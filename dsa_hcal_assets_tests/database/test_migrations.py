from dsa_hcal_assets.database import migrations


def test_a_fresh_database_has_every_migration_of_the_directory(database):
    names = [entry.name for entry in migrations.status(database)]
    assert names == sorted(path.stem for path in migrations.SQL_DIR.glob("*.sql"))
    assert all(entry.applied_at is not None for entry in migrations.status(database))


def test_applying_again_does_nothing(database):
    assert migrations.apply(database) == []
