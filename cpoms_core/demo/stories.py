"""Invented concerns and what was done about them. {name} is the child's forename; nothing here is about
anybody."""

from __future__ import annotations

STORIES: dict[str, tuple[str, ...]] = {
    "Attendance/Lateness": (
        "{name} arrived at 9:40 for the third time this week and said that the bus had not come. Looked tired"
        " and had not eaten.",
        "{name} has been late to registration on six of the last ten days. Says that a younger brother has to"
        " be taken to nursery first.",
    ),
    "Attendance/Persistent absence": (
        "Attendance for {name} has fallen to 84 %. Most absences are Mondays. No reason given by home.",
    ),
    "Behaviour/Bullying": (
        "{name} told me that two others in the form have been calling names on the way home since half-term."
        " {name} asked me not to speak to them yet.",
        "Two students reported that {name} is being left out of the group on purpose and that messages about"
        " it are shared online.",
    ),
    "Behaviour/Fighting": (
        "{name} and another student pushed each other in the dinner queue. Separated by staff; no injuries."
        " Both were calm after ten minutes.",
    ),
    "Behaviour/Online behaviour": (
        "{name} was using somebody else's account during lesson 4 to post comments. Device handed in.",
    ),
    "Cause for Concern": (
        "{name} was very quiet in both lessons today and put the head down on the desk. This is not usual.",
        "{name} asked twice today whether it was possible to stay in school until six.",
        "{name} came to school without a coat again although it is near freezing.",
    ),
    "Child on Child/Sharing of images": (
        "{name} said that a picture is being passed around and that {name} had not wanted it to be taken. I"
        " did not ask to see it.",
    ),
    "Child Protection/Neglect": (
        "{name} has worn the same unwashed shirt all week and asked a friend for food at break. Third time"
        " that this is noted this term.",
    ),
    "Child Protection/Physical abuse": (
        "While changing for PE I saw a bruise on {name}'s upper arm, about 4 cm, yellow at the edge. {name}"
        " said: “I fell off the wall.” I asked nothing more.",
    ),
    "Child Protection/Emotional abuse": (
        "{name} said: “At home nobody speaks to me when I get something wrong.” Said it very calmly.",
    ),
    "Contact with Parents/Telephone call": (
        "Rang home about the missed homework. Mother was glad of the call and will look at the planner"
        " together with {name} each evening.",
        "Father rang: {name} does not want to come in tomorrow and will not say why.",
    ),
    "Contact with Parents/Meeting": (
        "Met {name}'s parents about the last report. Agreed on a quiet place to work after school twice a"
        " week.",
    ),
    "Home Issues/Bereavement": (
        "{name}'s grandfather died on Saturday. {name} wants to be in lessons and not to be asked about it.",
    ),
    "Home Issues/Domestic abuse": (
        "Notification from the police: officers were called to {name}'s address last night because of an"
        " argument between adults. {name} was at home.",
    ),
    "Home Issues/Young carer": (
        "{name} gets two younger children ready in the morning since mum's operation. Proud of it, and"
        " tired.",
    ),
    "Home Issues/Housing": ("{name}'s family has to leave the flat by the end of the month.",),
    "Medical/Asthma": (
        "{name} needed the inhaler after PE. Sat out for ten minutes, then well. The inhaler is nearly"
        " empty.",
    ),
    "Medical/Accident": (
        "{name} slipped on the wet floor outside the hall; graze on the left knee, cleaned and covered.",
    ),
    "Mental Health and Wellbeing/Anxiety": (
        "{name} could not go into the hall for the mock exam, was shaking and asked to sit in the library.",
        "{name} says that sleep has been bad since September and that the stomach hurts before school.",
    ),
    "Mental Health and Wellbeing/Low mood": (
        "In the tutor time questionnaire {name} wrote: “Nothing is fun any more.” I spoke to {name} on my own"
        " and passed this on the same hour.",
    ),
    "SEND/Review": (
        "Review of {name}'s support plan: the reading pen helps, the seat by the door does not.",
    ),
    "Safeguarding Concern/Online safety": (
        "{name} has been talking to somebody in a game who says to be fifteen and asks to meet.",
    ),
    "Safeguarding Concern/Exploitation": (
        "{name} has new trainers and a second telephone and would not say where they come from. Was seen"
        " getting into a car that nobody knew.",
    ),
}
"""Category -> what staff wrote."""
ACTIONS = (
    "Spoke to {name} in my room. {name} was glad that somebody had noticed and will come again on Friday.",
    "Rang home and left a message to call back.",
    "Mother rang back. She is worried too and will come in on Thursday at 3.30.",
    "Told the form tutor and the head of year what they need to know; nobody else.",
    "Advice taken from the local authority's team: keep watching, record everything, and ring again if it"
    " changes.",
    "Referral sent. Reference number noted in the file.",
    "Checked in with {name} a week later: better. To be looked at again at the end of the half-term.",
    "Meeting with parents held. A short plan was agreed and everyone has a copy.",
)
"""What was done about a concern, in words that fit any."""
