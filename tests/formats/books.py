"""Random books, hostile texts among them."""

from hypothesis import strategies as st

from settlement_bridge.model import Merchant, Transaction

ODD_TEXT = st.sampled_from(
    ("=1+1", "+47", "-5", "@x", "'=1", "a;=b", "\t=1", "\r\n-1", 'q"q', "a,b", "_x0041_", "<&>", "\x00", "]]>", "＝1")
)
ANY_TEXT = st.one_of(ODD_TEXT, st.text(alphabet=st.characters(exclude_categories=()), max_size=40))
AMOUNTS = st.integers(0, 10**12)
TRANSACTIONS = st.builds(
    Transaction,
    instant=st.integers(0, 10**15),
    capture=AMOUNTS,
    refund=AMOUNTS.map(lambda amount: -amount),
    fee=AMOUNTS,
    number=st.integers(1, 2**63 - 1),
    order_id=ANY_TEXT,
    mapped_from=st.none(),
)
MERCHANTS = st.builds(Merchant, *(ANY_TEXT for _ in range(8)))
