"""Sources, with replies that they support and replies that they do not."""

from __future__ import annotations

from typing import Final, NamedTuple


class Case(NamedTuple):
    """A source, what is true to it, and what is not."""

    source: str
    grounded: tuple[str, ...]
    ungrounded: tuple[str, ...]


CASES: Final = (
    Case(
        "Returns: unworn shoes can be sent back within 30 days of delivery. The refund takes 5 to 7 working days and goes to "
        "the card that was used. Shipping costs of 4.95 euros are not refunded. Sale items cannot be returned.",
        (
            "You can send back unworn shoes within 30 days of delivery.",
            "The refund goes to the card that you used and takes 5 to 7 working days.",
            "Shipping costs of €4.95 are not refunded.",
            "Sale items can't be returned, I'm sorry.",
            "Within thirty days? Unworn shoes can be returned within 30 days after delivery, and the refund takes up to 7 days.",
            "1. Unworn shoes: return within 30 days.\n2. Sale items: no return.\n3. Shipping costs: not refunded.",
            "Sure! Here is what applies: refunds take five to seven working days. Let me know if you need anything else.",
        ),
        (
            "You can return the shoes within 60 days of delivery.",
            "Refunds take 14 working days and shipping costs of 9.90 euros are deducted.",
            "Contact Mr. Henderson in our Leeds warehouse to arrange the return.",
            "Our loyalty members enjoy complimentary cleaning kits and personal styling appointments every season.",
        ),
    ),
    Case(
        "Dr. Amina Yusuf joined the Nairobi observatory in 2011. In 2019 her team published the first map of methane lakes "
        "on Titan made from 127 radar passes of the Cassini probe. The map covers 43.8 percent of the surface.",
        (
            "Amina Yusuf has worked at the observatory in Nairobi since 2011.",
            "The map was published in 2019 and covers about 44% of the surface of Titan.",
            "Her team used 127 radar passes of Cassini.",
            "The team of Dr. Yusuf published the first map of Titan's methane lakes.",
            "The map covers 43.8 % of the surface, made from radar passes of the Cassini probe.",
            "The text does not say how old she is.",
        ),
        (
            "Amina Yusuf was born in Mombasa and joined the observatory in 2009.",
            "Her team worked together with NASA and the Huygens lander.",
            "The map covers 71 percent of Titan.",
            "She received the Kavli Prize for the discovery of volcanic plumes beneath frozen oceans.",
        ),
    ),
    Case(
        "Room list: the Maple room seats 12 people and has a projector. The Cedar room seats 4 and has a whiteboard. Both can "
        "be booked from 8:00 to 18:30 on weekdays. The Birch room is closed until 1 March 2026.",
        (
            "The Maple room seats twelve people and has a projector.",
            "Cedar has a whiteboard and seats 4 people.",
            "Both rooms can be booked on weekdays from 8:00 until 18:30.",
            "The Birch room is closed until March 1, 2026.",
            "For twelve people book the Maple room; Cedar seats only four.",
            "Would you like me to book the Maple room for you?",
        ),
        (
            "The Maple room seats 20 people.",
            "You can book the Oak room on weekends until 22:00.",
            "Catering is provided downstairs by an external vendor who serves vegetarian lunches daily.",
        ),
    ),
    Case(
        "Patch 4.2.1 fixes a crash when a CSV file with more than 65,536 rows is imported. It also raises the upload limit from "
        "20 MB to 50 MB. Windows 10 or later is required. The update is installed automatically at the next start.",
        (
            "Version 4.2.1 fixes the crash when importing a CSV file with more than 65536 rows.",
            "The upload limit was raised from 20 MB to 50 MB.",
            "It requires Windows 10 or later and is installed automatically at the next start.",
            "The update raises the limit for uploads to 50 MB.",
            "Yes, the crash of the CSV import is fixed.",
            "The update installs automatically when you next start.",
        ),
        (
            "Patch 4.3.0 fixes the crash with more than 100,000 rows.",
            "The upload limit is now 200 MB on Linux and macOS.",
            "The new release introduces dark themes, keyboard macros and collaborative editing for teams.",
        ),
    ),
    Case(
        "Unser Café am Marktplatz öffnet dienstags bis sonntags um 9 Uhr und schließt um 18 Uhr. Montag ist Ruhetag. Hunde sind "
        "willkommen, gezahlt werden kann bar oder mit Karte ab 10 Euro.",
        (
            "Das Café öffnet um 9 Uhr und schließt um 18 Uhr.",
            "Montag ist Ruhetag.",
            "Hunde sind im Café willkommen.",
            "Mit Karte kann ab 10 Euro gezahlt werden.",
            "Dienstags bis sonntags öffnet das Café um 9 Uhr.",
        ),
        (
            "Das Café öffnet um 7 Uhr und schließt um 22 Uhr.",
            "Frühstück mit hausgemachter Marmelade servieren wir ausschließlich samstags im Garten.",
        ),
    ),
    Case(
        "Quarterly figures: revenue rose by 12% to 3.4 million dollars. Costs fell to $1,250,000. Headcount is 48, of whom 31 "
        "work in engineering. The board proposes a dividend of 0.75 dollars per share, to be paid on 15 June.",
        (
            "Revenue rose 12 percent to $3.4m.",
            "Costs fell to 1.25 million dollars.",
            "Of 48 people, 31 work in engineering.",
            "The board proposes to pay a dividend of $0.75 per share on 15 June.",
            "Revenue was 3,400,000 dollars, up by 12%.",
            "Headcount is 48, most of whom work in engineering.",
            "The dividend per share will be paid on June 15.",
        ),
        (
            "Revenue rose by 21% to 4.3 million dollars.",
            "Costs fell to $1,050,000 because the Dublin office was closed.",
            "Headcount is 84.",
            "The dividend will be paid on 30 September.",
            "Management expects strong growth abroad thanks to several acquisitions and lower interest rates.",
        ),
    ),
    Case(
        "The hiking trail from Lower Fenwick to the lighthouse is 7.5 km long and takes about two and a half hours. Dogs must "
        "be kept on a lead because of nesting terns from April to July. There is no drinking water along the way.",
        (
            "The trail to the lighthouse is 7.5 km long.",
            "It takes about 2.5 hours from Lower Fenwick to the lighthouse.",
            "From April to July dogs must be kept on a lead because terns are nesting.",
            "There's no drinking water along the trail, so bring your own.",
            "The hike from Lower Fenwick is 7.5 kilometres long and takes two and a half hours.",
            "Keep dogs on a lead from April to July.",
        ),
        (
            "The trail is 12 km long and takes four hours.",
            "You can refill your bottle at the Seal Inn halfway.",
            "Mountain bikes are available for rent beside the parking lot every weekend.",
        ),
    ),
    Case(
        "Ticket 88213: customer Priya reports that invoices for May were sent twice. Cause: the job mailer ran in parallel on two "
        "hosts. Fix: a lock in Redis, deployed on 3 June by Tomasz. No customer was charged twice.",
        (
            "Invoices for May were sent twice because the mailer job ran on two hosts in parallel.",
            "Tomasz deployed the fix, a lock in Redis, on 3 June.",
            "No customer was charged twice.",
            "Ticket 88213 was reported by Priya.",
            "The cause was that the job mailer ran on both hosts in parallel.",
            "I don't know how many customers got the invoices twice.",
        ),
        (
            "The fix was deployed on 13 June by Tomasz.",
            "Kubernetes restarted the mailer, so 500 invoices were lost.",
            "Affected accounts received compensation vouchers together with written apologies from management.",
        ),
    ),
    Case(
        "Basil likes warm soil of at least 15 degrees and six hours of sun a day. Water it in the morning and pinch off flowers. "
        "Slugs love young plants; coffee grounds keep them away. Harvest leaves from the top.",
        (
            "Basil needs at least six hours of sun a day and soil of 15 degrees or more.",
            "Water in the morning and pinch off the flowers.",
            "Coffee grounds keep slugs away from young plants.",
            "Harvest the leaves from the top.",
            "Slugs love young basil plants.",
            "Is your balcony sunny?",
        ),
        (
            "Basil needs at least 25 degrees.",
            "Fertilise weekly using diluted seaweed extract, then prune woody stems before winter frost arrives.",
        ),
    ),
    Case(
        "El museo abre de martes a domingo de 10:00 a 19:00. La entrada cuesta 8 euros; los menores de 12 años no pagan. Las visitas "
        "guiadas empiezan a las 11:30 y duran una hora.",
        (
            "El museo abre de martes a domingo de 10:00 a 19:00.",
            "La entrada cuesta 8 euros.",
            "Los menores de 12 años no pagan entrada.",
            "Las visitas guiadas empiezan a las 11:30 y duran una hora.",
        ),
        ("La entrada cuesta 15 euros.", "El museo abre los lunes hasta las 22:00 con conciertos gratuitos de jazz."),
    ),
)

OPPOSITES: Final = (
    (CASES[0].source, "Sale items can be returned, and shipping costs are refunded."),
    (CASES[6].source, "There is drinking water along the way."),
    (CASES[7].source, "Customers were charged twice."),
)
"""What says the opposite in the words of the source, and is not found."""
PARAPHRASES: Final = (
    (
        CASES[8].source,
        "This herb thrives when planted somewhere bright, ideally irrigated early and trimmed regularly.",
    ),
    (CASES[6].source, "Bring enough to drink, since nothing is sold or provided en route."),
)
"""What is true in other words, and is found all the same."""
