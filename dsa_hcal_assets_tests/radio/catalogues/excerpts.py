"""Lines of the VLA calibrator list's form, one of each kind that occurs, made up or shortened."""

HEADING = """IAU NAME EQUINOX  PC RA(hh,mm,ss)    DEC(ddd,mm,ss)   POS.REF ALT.NAME
===================================================================
 """
BANDS = """-----------------------------------------------------
BAND        A B C D    FLUX(Jy)    UVMIN(kL)  UVMAX(kL)
====================================================="""

LIST = f"""{HEADING}
1331+305   J2000  A 13h31m08.287984s  30d30'32.958850"  Aug01  3C286
1328+307   B1950  A 13h28m49.657700s  30d45'58.640000"
{BANDS}
 90cm    P  S S S S         26
 20cm L  S S P P      15.00                            visplot
  6cm    C  S S S P       7.47          300
3.7cm X  S P P P       5.20                      400   visplot
  2cm    U  S S S s        3.4            6          15

0006-000   J2000  T 00h06m22.6338s   -00d04'24.086"            3C2
0003-003   B1950  T 00h03m48.9000s   -00d21'06.000"
{BANDS}
 90cm    P  X S S            9           .7           6
 20cm    L  ? X S P        3.6                      1.5
  6cm    C  X X X S          ?                       12
  2cm    U                0.00
0.7cm    Q  X X ? W

0208-004   J2000  B 02h08m26.3466s   -00d47'44.292"     Nov02  JVAS
0205-010   B1950  B 02h05m52.9000s   -01d01'57.000"
{BANDS}
0.7cm    Q  W W W W       0.16
"""


def block(name: str, position: str, *rows: str) -> str:
    """A source with its rows; the position as ``00h06m22.6s -00d04'24.0"``."""
    return "\n".join((f"{name}   J2000  B {position}", BANDS, *rows, " ", ""))
