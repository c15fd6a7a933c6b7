"""The store as the rest of the program sees it: one object with a part for each kind of thing kept."""

from contextlib import AbstractContextManager

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from settlement_bridge.store.alarms import Alarms
from settlement_bridge.store.database import Database
from settlement_bridge.store.deliveries import Deliveries
from settlement_bridge.store.documents import Documents
from settlement_bridge.store.engine import make_engine
from settlement_bridge.store.inboxes import Inboxes
from settlement_bridge.store.leases import Leases
from settlement_bridge.store.ledgers import Ledgers
from settlement_bridge.store.mirror import Mirror
from settlement_bridge.store.moved import must_be_here
from settlement_bridge.store.notes import Notes
from settlement_bridge.store.organizations import Organizations
from settlement_bridge.store.payers import Payers
from settlement_bridge.store.runs import Runs
from settlement_bridge.store.schema import bring_up_to_date
from settlement_bridge.store.search import Search
from settlement_bridge.store.settlements import Settlements


class Store:
    """An open database. Usable from many threads; every part raises StoreUnavailable and StoreBroken as it must."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledgers = Ledgers(database)
        self.mirror = Mirror(database)
        self.settlements = Settlements(database)
        self.deliveries = Deliveries(database)
        self.payers = Payers(database)
        self.organizations = Organizations(database)
        self.documents = Documents(database)
        self.inboxes = Inboxes(database)
        self.search = Search(database)
        self.leases = Leases(database)
        self.runs = Runs(database)
        self.notes = Notes(database)
        self.alarms = Alarms(database)

    @property
    def address(self) -> str:
        """Where the data is, without the password."""
        return self.database.address

    def reading(self) -> AbstractContextManager[Connection]:
        """See Database.reading."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """See Database.writing."""
        return self.database.writing()

    def must_be_here(self) -> None:
        """Raise StoreMoved where another database has taken this one's place."""
        with self.reading() as connection:
            must_be_here(connection, self.address)

    def close(self) -> None:
        """Give back every connection."""
        self.database.engine.dispose()


def open_store(url: str | URL) -> Store:
    """Open the database at a SQLAlchemy address, making or migrating its tables where needed.

    Raises ConfigurationError for an address that is none, StoreUnavailable where it cannot be reached, StoreBroken
    where it is damaged, newer than this program or somebody else's.
    """
    database = Database(make_engine(url))
    try:
        bring_up_to_date(database)
    except BaseException:
        database.engine.dispose()
        raise
    return Store(database)
